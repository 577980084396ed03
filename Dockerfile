# What is added to the base is the operator and what it needs, nothing else: no compiler, no pip.
# The base needs Python 3.11 or newer as `python3`, with its venv module; both stages use the same one. The tag of the default
# moves with its patches; to build the same image again, name its digest:
#   --build-arg BASE_IMAGE=python:3.13-slim@sha256:…   (docker buildx imagetools inspect python:3.13-slim)
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY requirements/build.txt requirements/operator.txt requirements/
# Two environments: pip and hatchling stay behind in the first, the second is what ships.
RUN python3 -m venv /tools \
 && python3 -m venv --without-pip /opt/runai-registrar \
 && /tools/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && /tools/bin/python -m pip --python /opt/runai-registrar/bin/python install \
      --no-cache-dir --no-compile --only-binary :all: --require-hashes -r requirements/operator.txt
COPY pyproject.toml README.md LICENSE ./
COPY crds crds
COPY operator operator
# Byte code is made here, once, and not checked against file times: the root file system may be read-only.
RUN /tools/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --no-index --wheel-dir dist . \
 && /tools/bin/python -m pip --python /opt/runai-registrar/bin/python install \
      --no-cache-dir --no-compile --no-deps --no-index dist/*.whl \
 && /opt/runai-registrar/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/runai-registrar/lib

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="runai-registrar" \
      org.opencontainers.image.description="Registers Kubernetes clusters with the NVIDIA Run:ai control plane, and never twice" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/runai-registrar /opt/runai-registrar
# /usr/local/bin is left out of the path: official Python images keep their pip there. HOME and USER: the user has no entry
# in /etc/passwd, nor has the one that OpenShift may choose instead. The Kubernetes client asks for the one, and kopf, which
# would not start, for the other.
ENV PATH=/opt/runai-registrar/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/ \
    USER=runai-registrar \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
# Health and metrics; both are settings.
EXPOSE 8080 9090
ENTRYPOINT ["runai-registrar"]
CMD ["operator"]

#!/usr/bin/env bash
# The end-to-end tests on a cluster of their own: makes it with kind, builds and loads the image, runs them, deletes it.
# Needs Docker and kind 0.26 or newer; KIND_ARGS goes to `kind create cluster`, IMAGE_ARGS to `make image`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

name=runai-registrar-e2e
image=runai-registrar:e2e

for program in docker kind; do
  command -v "$program" >/dev/null || { echo "make e2e-kind: there is no $program" >&2; exit 2; }
done

folder=$(mktemp -d)
trap 'kind delete cluster --name "$name"; rm -rf "$folder"' EXIT

make image IMAGE="$image" IMAGE_ARGS="${IMAGE_ARGS:-}"
# shellcheck disable=SC2086  # several arguments
kind create cluster --name "$name" --kubeconfig "$folder/kubeconfig" --wait 2m ${KIND_ARGS:-}
kind load docker-image "$image" --name "$name"
make e2e KUBECONFIG="$folder/kubeconfig" IMAGE="$image"

{{/* The name of the chart, or what replaces it. */}}
{{- define "runai-registrar.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What the objects are called: the release's name, with the chart's unless that is part of it; room for a suffix. */}}
{{- define "runai-registrar.fullname" -}}
{{- $name := include "runai-registrar.name" . -}}
{{- $given := .Values.fullnameOverride | default (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) -}}
{{- $given | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{- define "runai-registrar.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "runai-registrar.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "runai-registrar.fullname" .) "default") -}}
{{- end -}}

{{/* What never changes: the Deployment's selector. */}}
{{- define "runai-registrar.selectorLabels" -}}
{{- toYaml (dict "app.kubernetes.io/name" (include "runai-registrar.name" .) "app.kubernetes.io/instance" .Release.Name) -}}
{{- end -}}

{{/*
Labels, each key once: (dict "root" $ "labels" … "own" …), the latter two optional. What comes first wins: the selector,
labels of this object, those of all objects, and what is ours by default.
*/}}
{{- define "runai-registrar.labels" -}}
{{- $values := .root.Values -}}
{{- $chart := .root.Chart -}}
{{- $selector := include "runai-registrar.selectorLabels" .root | fromYaml -}}
{{- $ours := dict
  "app.kubernetes.io/part-of" "runai-registrar"
  "app.kubernetes.io/version" $chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "helm.sh/chart" (printf "%s-%s" $chart.Name $chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
-}}
{{- toYaml (merge (dict) $selector (.labels | default dict) ($values.commonLabels | default dict) (.own | default dict) $ours) -}}
{{- end -}}

{{/* Labels and annotations of an object: (dict "root" $ "labels" … "own" … "annotations" …), the last three optional. */}}
{{- define "runai-registrar.marks" -}}
labels:
  {{- include "runai-registrar.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The image: by digest where there is one, else by tag; the registry of the parent chart wins. */}}
{{- define "runai-registrar.image" -}}
{{- $image := .Values.image -}}
{{- $registry := .Values.global.imageRegistry | default $image.registry -}}
{{- $name := empty $registry | ternary $image.repository (printf "%s/%s" $registry $image.repository) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* A manifest that was not written as a template, with our marks: (dict "root" $ "object" … "annotations" …). */}}
{{- define "runai-registrar.marked" -}}
{{- $marks := include "runai-registrar.marks" . | fromYaml -}}
{{- $metadata := merge (dict) $marks (.object.metadata | default dict) -}}
{{- toYaml (merge (dict "metadata" $metadata) .object) -}}
{{- end -}}

{{/* The rights that registrations need, wherever they are watched. */}}
{{- define "runai-registrar.registrationRules" -}}
# patch: the finalizer and the create-attempt annotation. The operator never creates, replaces or deletes registrations.
- apiGroups: [runai-registrar.io]
  resources: [runaiclusterregistrations]
  verbs: [get, list, watch, patch]
- apiGroups: [runai-registrar.io]
  resources: [runaiclusterregistrations/status]
  verbs: [patch]
# Asked for by admission plugins that guard owner references (an install Secret belongs to its registration).
- apiGroups: [runai-registrar.io]
  resources: [runaiclusterregistrations/finalizers]
  verbs: [update]
{{- end -}}

{{- define "runai-registrar.installSecretRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
{{- end -}}

{{/* The operator's service account, as a subject. */}}
{{- define "runai-registrar.subjects" -}}
subjects:
- kind: ServiceAccount
  name: {{ include "runai-registrar.serviceAccountName" . | toYaml }}
  namespace: {{ include "runai-registrar.namespace" . | toYaml }}
{{- end -}}

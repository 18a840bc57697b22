{{- define "vouchsafe.name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "vouchsafe.selector" -}}
app.kubernetes.io/name: vouchsafe
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "vouchsafe.labels" -}}
{{ include "vouchsafe.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: vouchsafe
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "vouchsafe.image" -}}
{{- $repository := printf "%s/%s" .Values.image.registry .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ printf "%s@%s" $repository .Values.image.digest }}
{{- else -}}
{{ printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end -}}
{{- end -}}

{{- define "vouchsafe.proofNamespace" -}}
{{- default (printf "%s-proof" (include "vouchsafe.name" .)) .Values.enforcementProof.namespace -}}
{{- end -}}

{{- define "vouchsafe.authoritiesConfigMap" -}}
{{- if .Values.extraCAs.existingConfigMap -}}
{{ .Values.extraCAs.existingConfigMap }}
{{- else if .Values.extraCAs.pem -}}
{{ include "vouchsafe.name" . }}-authorities
{{- end -}}
{{- end -}}

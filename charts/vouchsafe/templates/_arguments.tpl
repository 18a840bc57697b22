{{- /* The flags of `vouchsafe controller`, one a line. */ -}}
{{- define "vouchsafe.arguments" -}}
{{- $name := include "vouchsafe.name" . -}}
- --namespace={{ .Release.Namespace }}
- --service={{ $name }}
- --owned-by={{ $name }}
- --listen=[::]:{{ .Values.webhook.port }}
- --config-map={{ $name }}
{{- range .Values.webhook.exemptNamespaces }}
- --exempt-namespace={{ . }}
{{- end }}
{{- with .Values.policySelector }}
- --policy-selector={{ . }}
{{- end }}
{{- with .Values.policyExceptions.namespace }}
- --exception-namespace={{ . }}
{{- end }}
- --reports={{ ternary .Values.reports.api "none" .Values.reports.enabled }}
- --scan-interval={{ .Values.reports.interval }}
{{- if .Values.enforcementProof.enabled }}
- --proof-namespace={{ include "vouchsafe.proofNamespace" . }}
{{- with .Values.enforcementProof.image }}
- --proof-image={{ . }}
{{- end }}
{{- end }}
{{- range .Values.registries.mirrors }}
- --registry-mirror={{ . }}
{{- end }}
{{- if .Values.registries.allowInsecure }}
- --allow-insecure-registry
{{- end }}
{{- if include "vouchsafe.authoritiesConfigMap" . }}
- --registry-ca=/etc/vouchsafe/authorities/ca.crt
{{- end }}
{{- if .Values.trustedRoot }}
- --trusted-root=/etc/vouchsafe/trust/trusted_root.json
{{- end }}
- --log={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

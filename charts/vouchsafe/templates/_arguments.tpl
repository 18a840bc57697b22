{{- /* The flags of `vouchsafe controller`, one a line. */ -}}
{{- define "vouchsafe.arguments" -}}
{{- $name := include "vouchsafe.name" . -}}
- --name={{ $name }}
- --listen=0.0.0.0:{{ .Values.webhook.port }}
- --service={{ $name }}
- --tls-secret={{ $name }}-tls
- --settings={{ $name }}
- --webhook-timeout={{ .Values.webhook.timeoutSeconds }}
{{- range .Values.webhook.exemptNamespaces }}
- --exempt-namespace={{ . }}
{{- end }}
{{- with .Values.policySelector }}
- --policy-selector={{ . }}
{{- end }}
{{- if .Values.policyExceptions.enabled }}
{{- range .Values.policyExceptions.namespaces }}
- --exception-namespace={{ . }}
{{- end }}
{{- end }}
- --pin-digests={{ .Values.pinDigests }}
{{- if .Values.reports.enabled }}
- --reports={{ .Values.reports.api }}
{{- end }}
{{- if .Values.backgroundScan.enabled }}
- --scan-interval={{ .Values.backgroundScan.interval }}
{{- end }}
{{- if .Values.enforcementProof.enabled }}
- --proof-namespace={{ include "vouchsafe.proofNamespace" . }}
{{- with .Values.enforcementProof.image }}
- --proof-image={{ . }}
{{- end }}
{{- end }}
{{- range .Values.registries.pullSecrets }}
- --image-pull-secret={{ . }}
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
- --drain={{ .Values.drainSeconds }}
- --log={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

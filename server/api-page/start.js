// Scalar, without what would ask other servers.
Scalar.createApiReference('#app', {
  url: 'openapi.json',
  agent: { disabled: true },
  documentDownloadType: 'direct',
  hideClientButton: true,
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  telemetry: false,
  withDefaultFonts: false,
});

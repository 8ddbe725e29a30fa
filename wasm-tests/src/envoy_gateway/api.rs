//! The resources of the Gateway API and of Envoy Gateway's own: the fields that ours use, and no other.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Ref {
    #[serde(default)]
    pub(super) group: String,
    #[serde(default)]
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) port: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Gateway {
    pub(super) gateway_class_name: String,
    pub(super) infrastructure: Infrastructure,
    pub(super) listeners: Vec<Listener>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Infrastructure {
    pub(super) parameters_ref: Ref,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listener {
    pub(super) name: String,
    #[serde(rename = "protocol")]
    _protocol: Http,
    pub(super) port: u16,
    pub(super) hostname: String,
}

#[derive(Debug, Deserialize)]
enum Http {
    #[serde(rename = "HTTP")]
    Http,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EnvoyProxy {
    #[serde(default)]
    pub(super) filter_order: Vec<FilterPosition>,
    /// The Deployment and the Service are Kubernetes' affair.
    #[serde(rename = "provider")]
    _provider: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilterPosition {
    pub(super) name: String,
    pub(super) after: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HttpRoute {
    pub(super) parent_refs: Vec<Ref>,
    pub(super) hostnames: Vec<String>,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) matches: Vec<Match>,
    #[serde(default)]
    pub(super) filters: Vec<Filter>,
    pub(super) timeouts: Option<Timeouts>,
    #[serde(default)]
    pub(super) backend_refs: Vec<Ref>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Match {
    pub(super) path: Option<PathMatch>,
    #[serde(default)]
    pub(super) headers: Vec<HeaderMatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type", content = "value")]
pub(super) enum PathMatch {
    PathPrefix(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
pub(super) enum HeaderMatch {
    Exact { name: String, value: String },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
pub(super) enum Filter {
    #[serde(rename_all = "camelCase")]
    URLRewrite { url_rewrite: UrlRewrite },
    #[serde(rename_all = "camelCase")]
    RequestHeaderModifier { request_header_modifier: Remove },
    #[serde(rename_all = "camelCase")]
    ExtensionRef { extension_ref: Ref },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UrlRewrite {
    pub(super) hostname: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remove {
    pub(super) remove: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeouts {
    pub(super) request: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct HttpRouteFilter {
    pub(super) direct_response: DirectResponse,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DirectResponse {
    pub(super) status_code: u16,
    pub(super) content_type: String,
    pub(super) body: Body,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
pub(super) enum Body {
    Inline { inline: String },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backend {
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    pub(super) fqdn: Fqdn,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fqdn {
    pub(super) hostname: String,
    pub(super) port: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct BackendTlsPolicy {
    pub(super) target_refs: Vec<Ref>,
    pub(super) validation: Validation,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Validation {
    pub(super) hostname: String,
    #[serde(rename = "wellKnownCACertificates")]
    _authorities: System,
}

#[derive(Debug, Deserialize)]
enum System {
    System,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EnvoyExtensionPolicy {
    pub(super) target_refs: Vec<Ref>,
    pub(super) wasm: Vec<Wasm>,
}

/// Without `failOpen`: nothing of ours may have it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wasm {
    pub(super) name: String,
    pub(super) code: Code,
    pub(super) config: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
pub(super) enum Code {
    Image { image: Image },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub(super) url: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientTrafficPolicy {
    pub(super) target_refs: Vec<Ref>,
    #[serde(default)]
    pub(super) connection: ClientConnection,
    #[serde(default)]
    pub(super) http2: Http2,
    #[serde(default)]
    pub(super) path: PathSettings,
    #[serde(default)]
    pub(super) headers: Headers,
    #[serde(default)]
    pub(super) timeout: ClientTimeout,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientConnection {
    pub(super) buffer_limit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Http2 {
    pub(super) initial_stream_window_size: Option<String>,
    pub(super) initial_connection_window_size: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PathSettings {
    #[serde(default)]
    pub(super) escaped_slashes_action: EscapedSlashes,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) enum EscapedSlashes {
    #[default]
    UnescapeRedirect,
    RejectRequest,
    KeepUnchanged,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Headers {
    pub(super) early_request_headers: Remove,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientTimeout {
    pub(super) http: ClientHttpTimeout,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientHttpTimeout {
    pub(super) stream_idle_timeout: Option<String>,
    pub(super) idle_timeout: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct BackendTrafficPolicy {
    pub(super) target_refs: Vec<Ref>,
    pub(super) timeout: BackendTimeout,
    pub(super) circuit_breaker: CircuitBreaker,
    /// A user's own.
    pub(super) rate_limit: Option<RateLimit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackendTimeout {
    pub(super) tcp: TcpTimeout,
    pub(super) http: BackendHttpTimeout,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TcpTimeout {
    pub(super) connect_timeout: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct BackendHttpTimeout {
    pub(super) connection_idle_timeout: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CircuitBreaker {
    pub(super) max_connections: u32,
    pub(super) max_pending_requests: u32,
    pub(super) max_parallel_requests: u32,
    pub(super) max_parallel_retries: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "type")]
pub(super) enum RateLimit {
    Local { local: LocalRateLimit },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalRateLimit {
    pub(super) rules: [LimitRule; 1],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitRule {
    pub(super) limit: Limit,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limit {
    pub(super) requests: u32,
    #[serde(rename = "unit")]
    _unit: Hour,
}

#[derive(Debug, Deserialize)]
enum Hour {
    Hour,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct EnvoyPatchPolicy {
    pub(super) target_ref: Ref,
    #[serde(rename = "type")]
    _type: JsonPatchType,
    pub(super) json_patches: Vec<JsonPatch>,
}

#[derive(Debug, Deserialize)]
enum JsonPatchType {
    JSONPatch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonPatch {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) operation: Operation,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "op", rename_all = "lowercase")]
pub(super) enum Operation {
    #[serde(rename_all = "camelCase")]
    Add { json_path: String, path: String, value: Value },
}

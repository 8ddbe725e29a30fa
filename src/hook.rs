//! Webhooks of the hosts of repositories: whether a delivery is genuine, and which refs of which repository it says have changed.
//!
//! A delivery says no more than "look again". What it names is never taken for true: it has no address fetched, no version believed and no
//! file replaced. So what is read here is little, and whatever is odd is left out.

mod payload;
mod proof;
mod refs;
mod repository;

use serde::Deserialize;

pub use self::{
    payload::{Event, Unreadable, delivery, read},
    proof::{Delivered, Unproven, kept, key_of, prove},
    refs::{Deed, RefChange, RefName},
    repository::{is_within, plain, repository_of},
};

/// The host that sends a webhook: how it proves itself, and what its bodies look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum Kind {
    /// Azure DevOps: the password of basic authentication, or a header, is a secret
    AzureDevops,
    /// Bitbucket Cloud: `X-Hub-Signature`
    Bitbucket,
    /// Bitbucket Data Center: `X-Hub-Signature`
    BitbucketDc,
    /// Gerrit's plugin webhooks, which signs nothing: the parameter `token` of the URL, or a header, is a secret
    Gerrit,
    /// any script: HMAC-SHA256 of the body in hexadecimal digits, in `x-modgate-signature` or the header that is configured
    Generic,
    /// Gitea and Forgejo: `X-Gitea-Signature`
    Gitea,
    /// GitHub: `X-Hub-Signature-256`
    Github,
    /// GitLab: `webhook-signature` where it signs, else `X-Gitlab-Token`
    Gitlab,
    /// Standard Webhooks: `webhook-signature`, `webhook-timestamp` and `webhook-id`, with the body of `generic`
    Standard,
}

impl Kind {
    /// Whether a header of another name may be configured, where this kind looks for what proves a delivery.
    pub fn takes_header(self) -> bool {
        matches!(self, Self::AzureDevops | Self::Gerrit | Self::Generic)
    }

    /// Whether it names a repository without its host, so that only the configuration can say which modules are in it.
    pub fn is_without_host(self) -> bool {
        self == Self::Gerrit
    }
}

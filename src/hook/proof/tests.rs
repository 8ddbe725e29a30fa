use super::*;

const SECRET: &str = "the-first-secret-of-a-hook";
const NEXT: &str = "whsec_bmV4dC1leGFtcGxlLW9mLWEtc2VjcmV0";
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const BODY: &[u8] = br#"{"ref":"refs/tags/v1.1.0"}"#;

fn mac(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key_of(secret).unwrap()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn delivered(headers: &[(&str, &str)], query: &str) -> Delivered {
    Delivered { headers: headers.iter().copied().collect(), query: query.to_owned() }
}

fn proves(
    kind: Kind,
    header: &str,
    headers: &[(&str, &str)],
    query: &str,
    body: &[u8],
) -> Result<(), Unproven> {
    let sent = delivered(headers, query);
    // What is not kept of the request proves nothing.
    let kept = Delivered { headers: kept(kind, header, &sent.headers), ..sent };
    prove(kind, header, &[SECRET, NEXT], &kept, body, NOW)
}

#[test]
fn each_host_is_believed_by_its_signature_over_these_bytes_and_no_others() {
    for secret in [SECRET, NEXT] {
        let plain = digits(&mac(secret, &[BODY]));
        let hub = format!("sha256={plain}");
        for (kind, header, name, value) in [
            (Kind::Github, "", "X-Hub-Signature-256", &hub),
            (Kind::Gitea, "", "X-Gitea-Signature", &plain),
            (Kind::Gitea, "", "X-Hub-Signature-256", &hub),
            (Kind::Bitbucket, "", "X-Hub-Signature", &hub),
            (Kind::BitbucketDc, "", "X-Hub-Signature", &hub),
            (Kind::Generic, "x-forge", "X-Forge", &plain),
            (Kind::Generic, "x-forge", "X-Forge", &hub),
        ] {
            assert_eq!(proves(kind, header, &[(name, value)], "", BODY), Ok(()), "{kind:?}");
            let upper = value.replace(&plain, &plain.to_uppercase());
            assert_eq!(proves(kind, header, &[(name, &upper)], "", BODY), Ok(()), "{kind:?}");
            for at in 0..BODY.len() * 8 {
                let mut other = BODY.to_vec();
                other[at / 8] ^= 1 << (at % 8);
                assert_eq!(
                    proves(kind, header, &[(name, value)], "", &other),
                    Err(Unproven::Unsigned),
                    "{kind:?}"
                );
            }
            let shorter = &value[..value.len() - 2];
            for wrong in
                ["", "sha256=", "sha256", shorter, &format!("{value}00"), &"0".repeat(64), &"+".repeat(64)]
            {
                assert_eq!(
                    proves(kind, header, &[(name, wrong)], "", BODY),
                    Err(Unproven::Unsigned),
                    "{wrong}"
                );
            }
            assert_eq!(proves(kind, header, &[], "", BODY), Err(Unproven::Unsigned), "{kind:?}");
            assert_eq!(proves(kind, header, &[("x-other", value)], "", BODY), Err(Unproven::Unsigned));
        }
    }
}

/// Gitea sends GitHub's headers too, and without a secret both are there and empty.
#[test]
fn an_empty_signature_of_gitea_is_none_whatever_githubs_header_says() {
    let hub = format!("sha256={}", digits(&mac(SECRET, &[BODY])));
    let both = [("X-Gitea-Signature", ""), ("X-Hub-Signature-256", hub.as_str())];
    assert_eq!(proves(Kind::Gitea, "", &both, "", BODY), Err(Unproven::Unsigned));
    let empty = [("X-Gitea-Signature", ""), ("X-Hub-Signature-256", "sha256=")];
    assert_eq!(proves(Kind::Gitea, "", &empty, "", BODY), Err(Unproven::Unsigned));
}

#[test]
fn standard_webhooks_are_signed_with_their_id_and_time_and_are_good_for_five_minutes() {
    let signed = |secret: &str, id: &str, time: &str| {
        let mac = mac(secret, &[id.as_bytes(), b".", time.as_bytes(), b".", BODY]);
        format!("v1,{}", STANDARD.encode(mac))
    };
    let send = |signature: &str, id: &str, time: &str| {
        let headers = [("webhook-signature", signature), ("webhook-id", id), ("webhook-timestamp", time)];
        let results = [Kind::Standard, Kind::Gitlab].map(|kind| proves(kind, "", &headers, "", BODY));
        assert_eq!(results[0], results[1]);
        results[0]
    };
    let (now, unsigned) = ("1700000000", Err(Unproven::Unsigned));
    let right = signed(NEXT, "msg_1", now);
    assert_eq!(send(&right, "msg_1", now), Ok(()));
    assert_eq!(send(&signed(SECRET, "msg_1", now), "msg_1", now), Ok(()));
    // While a key is replaced there are several, and some of kinds that are not read.
    assert_eq!(send(&format!("v1a,AAAA v1,AAAA {right}"), "msg_1", now), Ok(()));
    let many = format!("{} {right}", ["v1,AAAA"; MAX_SIGNATURES].join(" "));
    assert_eq!(send(&many, "msg_1", now), unsigned, "beyond the bound");
    assert_eq!(send(&right, "msg_2", now), unsigned);
    assert_eq!(send(&right, "msg_1", "1700000001"), unsigned);
    for wrong in ["", "v1,", "v1", right.trim_start_matches("v1,"), "v1,!!!!"] {
        assert_eq!(send(wrong, "msg_1", now), unsigned, "{wrong}");
    }
    assert_eq!(send(&signed(NEXT, "", now), "", now), unsigned, "without an id it could be sent again");
    for (time, want) in [
        ("1699999700", Ok(())),
        ("1699999699", Err(Unproven::Late)),
        ("1700000300", Ok(())),
        ("1700000301", Err(Unproven::Late)),
        ("18446744073709551615", Err(Unproven::Late)),
        ("-1", unsigned),
        ("soon", unsigned),
    ] {
        assert_eq!(send(&signed(NEXT, "msg_1", time), "msg_1", time), want, "{time}");
    }
}

#[test]
fn where_nothing_is_signed_a_secret_is_sent() {
    let basic = format!("Basic {}", STANDARD.encode(format!("modgate:{SECRET}")));
    let query = format!("a=b&token={SECRET}");
    for (kind, header, name, value, query) in [
        (Kind::Gitlab, "", "X-Gitlab-Token", SECRET, ""),
        (Kind::AzureDevops, "", "Authorization", basic.as_str(), ""),
        (Kind::AzureDevops, "x-key", "X-Key", SECRET, ""),
        (Kind::Gerrit, "", "x", "", query.as_str()),
        (Kind::Gerrit, "x-key", "X-Key", SECRET, ""),
    ] {
        assert_eq!(proves(kind, header, &[(name, value)], query, BODY), Ok(()), "{kind:?}");
        // It proves nothing of the body.
        assert_eq!(proves(kind, header, &[(name, value)], query, b""), Ok(()), "{kind:?}");
        let wrong = value.replace('s', "z");
        let queries = [query.replace('s', "z"), String::new(), "token=".to_owned(), "token".to_owned()];
        for query in queries {
            for value in [wrong.as_str(), "", "Basic", "Basic !", "Basic YTo="] {
                let proven = proves(kind, header, &[(name, value)], &query, BODY);
                assert_eq!(proven, Err(Unproven::Unsigned), "{kind:?} {value} {query}");
            }
        }
    }
    // What is configured to be in a header is not taken from elsewhere.
    assert_eq!(proves(Kind::Gerrit, "x-key", &[], &query, BODY), Err(Unproven::Unsigned));
    assert_eq!(
        proves(Kind::AzureDevops, "x-key", &[("authorization", &basic)], "", BODY),
        Err(Unproven::Unsigned)
    );
}

#[test]
fn a_key_is_what_whsec_codes() {
    assert_eq!(key_of("whsec_AAEC"), Some(vec![0, 1, 2]));
    assert_eq!(key_of("plain"), Some(b"plain".to_vec()));
    for wrong in ["whsec_", "whsec_?", "whsec_A"] {
        assert_eq!(key_of(wrong), None, "{wrong}");
    }
}

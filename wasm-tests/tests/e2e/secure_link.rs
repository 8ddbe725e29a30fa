//! Addresses that are signed for nginx, and the nginx that checks them.

use std::fs;
use std::time::{Duration, SystemTime};

use modgate::config::{Config, Storage};
use modgate::http::Timestamp;
use modgate::store;
use modgate_wasm_tests::http;
use modgate_wasm_tests::nginx::Nginx;

const KEY: &str = "example.com/!acme/m/@v/v2.0.0+incompatible.zip";

fn storage(nginx: &Nginx, secret: &str) -> Storage {
    let text = format!(
        r#"{{"storage":{{"cluster":"s","url":"http://s","delivery":{{"zips":"redirect","url":"http://{}",
            "secure_link":{{"secret":"{secret}"}}}}}}}}"#,
        nginx.addr()
    );
    Config::parse(&text).unwrap().storage.unwrap()
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(now.as_millis().try_into().unwrap())
}

#[test]
fn a_signed_address_is_good_for_one_file_and_for_a_while() {
    let tree = tempfile::tempdir().unwrap();
    for key in [KEY, "example.com/other.zip", "example.com/!acme/m/@v/v2.0.0+incompatible.mod"] {
        let file = tree.path().join(key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, key).unwrap();
    }
    let nginx = Nginx::secure_link(tree.path());
    let base = format!("http://{}", nginx.addr());
    let address = |secret: &str, key: &str, now: Timestamp| {
        let url = store::public_url(&storage(&nginx, secret), key, now).unwrap();
        url.strip_prefix(&base).unwrap().to_owned()
    };
    let get = |target: &str| http::get(nginx.addr(), target);

    // The secret of the file that people copy.
    let signed = address("change-me", KEY, now());
    let response = get(&signed);
    assert_eq!((response.status, response.text().as_str()), (200, KEY), "{signed}");

    let (path, query) = signed.split_once('?').unwrap();
    assert_eq!(get(path).status, 403);
    assert_eq!(get(&format!("/example.com/other.zip?{query}")).status, 403, "it is another file's");
    assert_eq!(get(&address("guessed", KEY, now())).status, 403);
    let long_ago = Timestamp(now().0 - Duration::from_secs(3600).as_millis() as u64);
    assert_eq!(get(&address("change-me", KEY, long_ago)).status, 410);
    let later = signed.replace("expires=", "expires=9");
    assert_eq!(get(&later).status, 403, "the time is signed");
    assert_eq!(get(&address("change-me", &KEY.replace(".zip", ".mod"), now())).status, 404);
}

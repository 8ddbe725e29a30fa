use super::super::tests::module;
use super::*;

const ALL: [Likeness; 3] = [Likeness::Capitals, Likeness::Letter, Likeness::Owner];

fn like(listed: &[&str], ways: &[Likeness], path: &str) -> Option<(String, Likeness)> {
    let all = LookAlikes::new(listed.iter().map(|path| module(path)), ways);
    all.find(&module(path)).map(|(listed, how)| (listed.as_str().to_owned(), how))
}

#[test]
fn a_slip_of_the_finger_and_a_borrowed_name_are_told_apart() {
    let listed = [
        "github.com/sirupsen/logrus",
        "golang.org/x/net",
        "gopkg.in/yaml.v3",
        "github.com/Masterminds/semver/v3",
        "github.com/aws/aws-sdk-go-v2/service/s3",
    ];
    for (path, expected) in [
        // Another letter, one too many, one missing, two swapped; in owner, name or host.
        ("github.com/sirupsem/logrus", Some((0, Likeness::Letter))),
        ("github.com/sirupsenn/logrus", Some((0, Likeness::Letter))),
        ("github.com/sirupse/logrus", Some((0, Likeness::Letter))),
        ("github.com/siurpsen/logrus", Some((0, Likeness::Letter))),
        ("githib.com/sirupsen/logrus", Some((0, Likeness::Letter))),
        ("github.co/sirupsen/logrus", Some((0, Likeness::Letter))),
        ("golang.or/x/net", Some((1, Likeness::Letter))),
        ("go1ang.org/x/net", Some((1, Likeness::Letter))),
        ("gopkg.in/yam1.v3", Some((2, Likeness::Letter))),
        ("github.com/Mastermind/semver/v3", Some((3, Likeness::Letter))),
        ("github.com/masterminds1/semver", Some((3, Likeness::Letter))),
        // What is below a repository is the repository's.
        ("github.com/sirupsem/logrus/hooks", Some((0, Likeness::Letter))),
        ("github.com/aws1/aws-sdk-go-v2/service/ec2", Some((4, Likeness::Letter))),
        ("github.com/Sirupsen/logrus", Some((0, Likeness::Capitals))),
        ("github.com/sirupsen/Logrus/v2", Some((0, Likeness::Capitals))),
        ("github.com/masterminds/semver", Some((3, Likeness::Capitals))),
        ("github.com/evil/logrus", Some((0, Likeness::Owner))),
        ("github.com/evil/Semver/v4", Some((3, Likeness::Owner))),
        // Themselves, in any major version, and what is theirs.
        ("github.com/sirupsen/logrus", None),
        ("github.com/sirupsen/logrus/v2", None),
        ("gopkg.in/yaml.v2", None),
        ("github.com/Masterminds/semver", None),
        ("github.com/aws/aws-sdk-go-v2/service/ec2", None),
        ("github.com/sirupsen/logru", None),
        ("golang.org/x/nat", None),
        ("github.com/Masterminds/semvers", None),
        // Something else.
        ("github.com/sirupsem/logru", None),
        ("gitlab.com/evil/logrus", None),
        ("example.com/evil/logrus", None),
        ("github.com/evil/log", None),
        ("github.com/logrus", None),
        ("github.com", None),
        ("gopkg.in/toml.v3", None),
        ("a.b", None),
    ] {
        let expected = expected.map(|(at, how): (usize, _)| (listed[at].to_owned(), how));
        assert_eq!(like(&listed, &ALL, path), expected, "{path}");
        for way in ALL {
            let only = expected.clone().filter(|(_, how)| *how == way);
            let told = like(&listed, &[way], path).filter(|_| only.is_some());
            assert_eq!(told, only, "{path} by {way:?} alone");
        }
    }
}

/// The hashes find what the distance finds, for every pair.
#[test]
fn no_pair_that_differs_by_a_letter_is_missed_and_no_other_found() {
    let names = ["ab", "ba", "abc", "abcd", "acbd", "bcd", "xbcd", "abxcd", "aacd", "", "a", "abcdab"];
    let paths: Vec<_> = names.iter().map(|name| format!("{name}x.test/m")).collect();
    for listed in &paths {
        for path in &paths {
            let expected = osa_distance(listed, path) == 1;
            assert_eq!(like(&[listed], &[Likeness::Letter], path).is_some(), expected, "{listed} {path}");
        }
    }
}

/// Nobody is in the way of what is long: it is seen to differ in what is compared alone, and found in a bounded time.
#[test]
fn a_path_without_end_looks_like_nothing_or_differs_where_it_is_compared() {
    let long = format!("a.test/{}", "m".repeat(500));
    assert_eq!(shortened(&long).count(), MAX_COMPARED + 1);
    assert_eq!(like(&[&long], &ALL, &format!("{long}m")), None, "one owner");
    assert_eq!(like(&["a.test/m"], &ALL, &long), None);
}

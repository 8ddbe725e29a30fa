//! Words that logs, metrics and documents share, each of them from one list.

/// An enum of words: what it is called is said once, beside what it means, and the code compares variants. Where its variants hold other
/// such enums, it has the words of all of them.
macro_rules! words {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$means:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$means])* $variant,)+ }

        impl $name {
            /// All words there are.
            pub const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        $crate::words::words!(shown $name);
    };
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$means:meta])* $variant:ident($words:ty),)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$means])* $variant($words),)+ }

        impl $name {
            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant(word) => word.as_str(),)+ }
            }
        }

        $crate::words::words!(shown $name);
    };
    (shown $name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

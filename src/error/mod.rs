//! The one error type: what kind it is of, what it is about, what went wrong, what led to it, and what to do.
//!
//! Messages are lower case, without a full stop, and name the object, both values and the remedy. Settings and
//! verbs stand in them as types, not as text: `phrase.rs` puts them together, `dialect.rs` has them, and who
//! calls icefold says in what words they are shown. What exit code an error leads to is the command line's
//! business.

mod dialect;
mod kind;
mod phrase;

use std::fmt;
use std::path::Path;

pub use dialect::{Action, Dialect, Neutral, Setting};
pub use kind::{Kind, Object};
pub(crate) use phrase::phrase;
pub use phrase::{Part, Phrase, Remedy};

/// The result of anything in icefold that can fail.
///
/// ```
/// use icefold::Region;
///
/// fn greenland() -> icefold::Result<Region> {
///     Region::of_box(-75.0, 59.0, -10.0, 84.0)
/// }
/// assert!(greenland().is_ok());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What led to an error, where that has a type of its own.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong.
///
/// As text it is neutral; [`Error::render`] shows it in the words of a command line, say.
///
/// ```
/// use icefold::error::{Kind, Object};
/// use icefold::Region;
///
/// let error = Region::read("no-such-area.geojson").unwrap_err();
/// assert_eq!(error.kind(), Kind::Io);
/// assert_eq!(error.object(), Some(&Object::File("no-such-area.geojson".into())));
/// assert!(error.to_string().starts_with("cannot read no-such-area.geojson"));
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    object: Option<Object>,
    message: Phrase,
    remedies: Vec<Remedy>,
    source: Option<Source>,
}

impl Error {
    fn new(kind: Kind, object: Option<Object>, message: impl Into<Phrase>) -> Self {
        Self(Box::new(Inner {
            kind,
            object,
            message: message.into(),
            remedies: Vec::new(),
            source: None,
        }))
    }

    /// An argument that cannot be used: a setting, a path, or two that exclude each other. The message names it.
    pub fn argument(message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Argument, None, message)
    }

    /// An error about the configuration called `name`.
    pub fn config(name: impl Into<String>, message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Config, Some(Object::Config(name.into())), message)
    }

    /// An error about one granule.
    pub fn granule(granule: impl Into<String>, message: impl Into<Phrase>) -> Self {
        Self::new(
            Kind::Granule,
            Some(Object::Granule(granule.into())),
            message,
        )
    }

    /// None of so many granules can be used; what is said of the first.
    pub fn no_granule(granules: usize, first: impl Into<Phrase>) -> Self {
        let message = format!("none of the {granules} granules can be used; the first says: ");
        Self::new(Kind::NoGranule, None, phrase![message, first.into()])
    }

    /// An error about the shard map at `path`.
    pub fn map(path: impl AsRef<Path>, message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Map, Some(Object::Map(path.as_ref().into())), message)
    }

    /// An error about the run report at `path`.
    pub fn report(path: impl AsRef<Path>, message: impl Into<Phrase>) -> Self {
        let object = Object::Report(path.as_ref().into());
        Self::new(Kind::Report, Some(object), message)
    }

    /// An error about the store at `path`.
    pub fn store(path: impl AsRef<Path>, message: impl Into<Phrase>) -> Self {
        let object = Object::Store(path.as_ref().into());
        Self::new(Kind::Store, Some(object), message)
    }

    /// An error about the pieces of a store, in the folder `path`.
    pub fn pieces(path: impl AsRef<Path>, message: impl Into<Phrase>) -> Self {
        let object = Object::Pieces(path.as_ref().into());
        Self::new(Kind::Pieces, Some(object), message)
    }

    /// An operating system error; `action` reads after "cannot", e.g. `"create"`.
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let path = path.as_ref();
        let message = format!("cannot {action} {}: {source}", path.display());
        Self::new(Kind::Io, Some(Object::File(path.into())), message).caused_by(source)
    }

    /// An error about a sorted run of partials that waits on disk.
    pub fn sorted_run(path: impl AsRef<Path>, message: impl Into<Phrase>) -> Self {
        let object = Object::SortedRun(path.as_ref().into());
        Self::new(Kind::Spilled, Some(object), message)
    }

    /// An error about values of one cell that wait on disk.
    pub fn pile(path: impl AsRef<Path>, message: impl Into<Phrase>) -> Self {
        let object = Object::Pile(path.as_ref().into());
        Self::new(Kind::Spilled, Some(object), message)
    }

    /// An invariant of the finalize gate does not hold.
    pub fn gate(message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Gate, None, message)
    }

    /// Two stores, or two backends, differ.
    pub fn mismatch(message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Mismatch, None, message)
    }

    /// An error about the device called so.
    pub fn device(device: impl Into<String>, message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Device, Some(Object::Device(device.into())), message)
    }

    /// The run was told to stop, before anything was written.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, None, "interrupted; nothing was written")
    }

    /// The run was told to stop, and can go on later: how far it is, and how to go on.
    pub fn resumable(message: impl Into<Phrase>) -> Self {
        Self::new(Kind::Resumable, None, phrase!["interrupted; ", message])
    }

    /// The same error with one more remedy, which is shown after all that it says already.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Phrase>) -> Self {
        self.0.remedies.push(Remedy::new(remedy));
        self
    }

    /// The same error with what led to it; the message says that already.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, about this.
    #[must_use]
    pub fn about(mut self, object: Object) -> Self {
        self.0.object = Some(object);
        self
    }

    /// The same error of another kind: one about a granule that turns out to be too large, say.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error with words before what it says, behind its object.
    #[must_use]
    pub fn within(mut self, place: impl Into<Phrase>) -> Self {
        let message = std::mem::take(&mut self.0.message);
        self.0.message = phrase![place, ": ", message];
        self
    }

    /// What kind it is of, for programs to decide by.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What it is about, where it is about one thing.
    pub fn object(&self) -> Option<&Object> {
        self.0.object.as_ref()
    }

    /// What can be done about it beyond what the message says, most promising first.
    pub fn remedies(&self) -> &[Remedy] {
        &self.0.remedies
    }

    /// Object and message, for whoever has done already what could be done.
    pub(crate) fn in_short(&self) -> Phrase {
        let inner = &*self.0;
        // Messages of the other kinds have the object where it reads best.
        let leads = !matches!(inner.kind, Kind::Argument | Kind::Io);
        let object = inner.object.as_ref().filter(|_| leads);
        let begins = match object {
            _ if inner.kind == Kind::Gate => "finalize gate: ".to_owned(),
            Some(object) => format!("{object}: "),
            None => String::new(),
        };
        phrase![begins, inner.message.clone()]
    }

    /// All that it says, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        Phrase::from(self).render(dialect)
    }
}

impl From<&Error> for Phrase {
    /// All that an error says: object, message, remedies.
    fn from(error: &Error) -> Self {
        let remedies = error.0.remedies.iter();
        remedies.fold(error.in_short(), |all, remedy| {
            all.and("; ").and(remedy.phrase().clone())
        })
    }
}

impl From<Error> for Phrase {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_deref();
        source.map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io::ErrorKind;

    use super::*;

    /// Says everything in another way than the neutral dialect, as Python might.
    #[derive(Debug)]
    struct Shouted;

    impl Dialect for Shouted {
        fn setting(&self, setting: Setting, value: Option<&str>) -> String {
            format!("{}={}", setting.name().to_uppercase(), value.unwrap_or("?"))
        }

        fn set(&self, setting: Setting) -> String {
            format!("turn {} on", setting.name().to_uppercase())
        }

        fn action(&self, action: Action) -> String {
            format!("{action:?}()")
        }
    }

    #[test]
    fn an_error_is_its_object_its_message_and_its_remedies() {
        let error = Error::pieces("a.pieces", "were begun with less")
            .with_remedy(phrase![
                Setting::Tolerant.set(),
                ", or begin anew with ",
                Setting::Overwrite
            ])
            .with_remedy("remove them");
        assert_eq!(
            error.to_string(),
            "pieces a.pieces: were begun with less; set tolerant, or begin anew with overwrite; remove them"
        );
        assert_eq!(
            error.render(&Shouted),
            "pieces a.pieces: were begun with less; turn TOLERANT on, or begin anew with OVERWRITE=?; \
             remove them"
        );
        assert_eq!(error.kind(), Kind::Pieces);
        assert_eq!(error.object(), Some(&Object::Pieces("a.pieces".into())));
        let settings: Vec<_> = error.remedies()[0].settings().collect();
        assert_eq!(
            settings,
            [(Setting::Tolerant, None), (Setting::Overwrite, None)]
        );
    }

    #[test]
    fn an_error_inside_another_one_keeps_its_settings() {
        let inner = Error::granule("a.h5", "is large")
            .with_remedy(phrase!["give at least ", Setting::Memory.to("2MiB")])
            .of_kind(Kind::TooLarge);
        let outer = Error::no_granule(3, &inner);
        let says = "none of the 3 granules can be used; the first says: granule a.h5: is large; give at least";
        assert_eq!(outer.to_string(), format!("{says} memory 2MiB"));
        assert_eq!(outer.render(&Shouted), format!("{says} MEMORY=2MiB"));
        assert_eq!(
            (inner.kind(), outer.kind()),
            (Kind::TooLarge, Kind::NoGranule)
        );
    }

    #[test]
    fn what_led_to_an_error_is_its_source() {
        let error = Error::io("open", "a.h5", ErrorKind::NotFound.into());
        assert_eq!(error.to_string(), "cannot open a.h5: entity not found");
        let source = error
            .source()
            .and_then(|e| e.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(ErrorKind::NotFound));
        assert!(Error::gate("x").source().is_none());
    }

    #[test]
    fn arguments_and_gates_say_what_they_are_about_themselves() {
        let error =
            Error::argument("granule a.h5 does not exist").about(Object::Granule("a.h5".into()));
        assert_eq!(error.to_string(), "granule a.h5 does not exist");
        let error = Error::store("a.zarr", "is short").within("overview of order 3");
        assert_eq!(
            error.to_string(),
            "store a.zarr: overview of order 3: is short"
        );
    }
}

//! Text in which settings and verbs are still types: a caller's dialect says what they are called.

use std::borrow::Cow;
use std::fmt;

use super::dialect::{Action, Dialect, Neutral, Setting};

/// Words, and between them settings and actions by type.
///
/// `phrase!["give more memory with ", Setting::Memory, ", or call ", Action::Clean]` makes one.
///
/// ```
/// use icefold::error::{Neutral, Phrase, Setting};
///
/// let phrase = Phrase::from("give more memory with ").and(Setting::Memory);
/// assert_eq!(phrase.render(&Neutral), "give more memory with memory");
/// assert_eq!(phrase.parts().len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrase(Vec<Part>);

/// One part of a phrase.
///
/// ```
/// use icefold::error::{Part, Phrase, Setting};
///
/// let phrase = Phrase::from("see ").and(Setting::Memory);
/// assert_eq!(phrase.parts()[0], Part::Words("see ".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Text as it is.
    Words(String),
    /// A setting by its name, with a value where the text is about one.
    Setting(Setting, Option<String>),
    /// That a setting, which is off or on, is to be on.
    Set(Setting),
    /// Something that icefold does.
    Action(Action),
}

/// What can be done about an error.
///
/// ```
/// use icefold::Granules;
///
/// let error = Granules::found_in("no/such/folder").unwrap_err();
/// for remedy in error.remedies() {
///     println!("{remedy}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy(Phrase);

/// A phrase of parts: texts, settings, actions, other phrases.
macro_rules! phrase {
    ($($part:expr),+ $(,)?) => {
        $crate::error::Phrase::default()$(.and($part))+
    };
}
pub(crate) use phrase;

impl Phrase {
    /// The phrase and what follows it.
    #[must_use]
    pub fn and(mut self, next: impl Into<Self>) -> Self {
        for part in next.into().0 {
            match (self.0.last_mut(), part) {
                (Some(Part::Words(words)), Part::Words(more)) => words.push_str(&more),
                (_, part) => self.0.push(part),
            }
        }
        self
    }

    /// What it is made of.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The text in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Words(words) => Cow::Borrowed(words.as_str()),
            Part::Setting(setting, value) => dialect.setting(*setting, value.as_deref()).into(),
            Part::Set(setting) => dialect.set(*setting).into(),
            Part::Action(action) => dialect.action(*action).into(),
        });
        parts.collect()
    }
}

impl Remedy {
    /// What to do, in a phrase that reads after the message.
    pub fn new(phrase: impl Into<Phrase>) -> Self {
        Self(phrase.into())
    }

    /// The words.
    pub fn phrase(&self) -> &Phrase {
        &self.0
    }

    /// The settings that it names, with their values where it gives some.
    pub fn settings(&self) -> impl Iterator<Item = (Setting, Option<&str>)> {
        self.0.parts().iter().filter_map(|part| match part {
            Part::Setting(setting, value) => Some((*setting, value.as_deref())),
            Part::Set(setting) => Some((*setting, None)),
            Part::Words(_) | Part::Action(_) => None,
        })
    }

    /// The actions that it names.
    pub fn actions(&self) -> impl Iterator<Item = Action> {
        self.0.parts().iter().filter_map(|part| match part {
            Part::Action(action) => Some(*action),
            _ => None,
        })
    }

    /// The text in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        self.0.render(dialect)
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Part> for Phrase {
    fn from(part: Part) -> Self {
        Self(vec![part])
    }
}

impl From<Setting> for Phrase {
    fn from(setting: Setting) -> Self {
        Part::Setting(setting, None).into()
    }
}

impl From<Action> for Phrase {
    fn from(action: Action) -> Self {
        Part::Action(action).into()
    }
}

impl From<String> for Phrase {
    fn from(words: String) -> Self {
        Part::Words(words).into()
    }
}

impl From<&String> for Phrase {
    fn from(words: &String) -> Self {
        words.clone().into()
    }
}

impl From<&str> for Phrase {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_follow_each_other_are_one_part() {
        let phrase = phrase![
            "with ",
            "more ",
            Setting::Memory,
            ", or ",
            phrase!["so", Action::Clean]
        ];
        let words = |text: &str| Part::Words(text.to_owned());
        let expected = [
            words("with more "),
            Part::Setting(Setting::Memory, None),
            words(", or so"),
            Part::Action(Action::Clean),
        ];
        assert_eq!(phrase.parts(), expected);
        assert_eq!(phrase.to_string(), "with more memory, or soclean");
    }

    #[test]
    fn a_remedy_tells_its_settings_and_actions_apart_from_words() {
        let remedy = Remedy::new(phrase![
            "use ",
            Setting::Device.to("cpu"),
            ", ",
            Setting::Resume.set(),
            ", or call ",
            Action::Clean
        ]);
        let settings: Vec<_> = remedy.settings().collect();
        assert_eq!(
            settings,
            [(Setting::Device, Some("cpu")), (Setting::Resume, None)]
        );
        assert_eq!(remedy.actions().collect::<Vec<_>>(), [Action::Clean]);
        assert_eq!(
            remedy.to_string(),
            "use device cpu, set resume, or call clean"
        );
    }
}

//! What the command line calls settings and actions: flags and verbs.

use crate::error::{Action, Dialect, Setting};

/// The dialect of the command line.
#[derive(Debug, Clone, Copy)]
pub struct CommandLine;

impl Dialect for CommandLine {
    fn setting(&self, setting: Setting, value: Option<&str>) -> String {
        let flag = setting.name().replace('_', "-");
        match value {
            Some(value) => format!("--{flag} {value}"),
            None => format!("--{flag}"),
        }
    }

    fn set(&self, setting: Setting) -> String {
        format!("pass {}", self.setting(setting, None))
    }

    fn action(&self, action: Action) -> String {
        let verb = match action {
            Action::Clean => "clean",
            Action::Finalize => "finalize",
            Action::Inspect => "inspect",
            Action::MakeIndex => "index",
            Action::MakeMap => "plan",
            Action::MapSchema => "schema plan",
            Action::ReportSchema => "schema report",
            Action::WritePieces => "run CONFIG --plan MAP.json --shards A..B --store",
        };
        format!("icefold {verb}")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;
    use crate::error::{Error, phrase};

    #[test]
    fn every_setting_is_a_flag_and_every_action_a_verb() {
        let cli = Cli::command();
        let flags: Vec<&str> = cli
            .get_subcommands()
            .flat_map(clap::Command::get_arguments)
            .filter_map(clap::Arg::get_long)
            .collect();
        for &setting in Setting::ALL {
            let flag = CommandLine.setting(setting, None);
            let name = flag.strip_prefix("--").unwrap_or_default();
            assert!(flags.contains(&name), "{flag}");
        }
        for &action in Action::ALL {
            let call = CommandLine.action(action);
            let mut words = call.split(' ').skip(1);
            let verb = cli.find_subcommand(words.next().unwrap_or_default());
            let verb = verb.unwrap_or_else(|| panic!("{call}"));
            for flag in words.filter_map(|word| word.strip_prefix("--")) {
                let known = verb.get_arguments().any(|arg| arg.get_long() == Some(flag));
                assert!(known, "{call}");
            }
        }
    }

    #[test]
    fn remedies_are_flags_and_verbs() {
        let error = Error::pieces("a.pieces", "there are none")
            .with_remedy(phrase![
                Setting::GranuleRoot.set(),
                ", or use ",
                Setting::Device.to("cpu")
            ])
            .with_remedy(phrase!["call ", Action::MakeMap]);
        assert_eq!(
            error.render(&CommandLine),
            "pieces a.pieces: there are none; pass --granule-root, or use --device cpu; call icefold plan"
        );
    }
}

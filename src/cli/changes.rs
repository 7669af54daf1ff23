//! `--order` and `--set`: what the command line says in place of a config; and `icefold config`, which prints one.

use clap::Args;

use crate::config::{self, Change, Config};
use crate::error::{Error, Result};
use crate::text::aligned;

use super::out::print;

/// The key that `--order` sets.
const ORDER: &str = "output.grid.child_order";

#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Order of the cells, in place of the config's: 0 to 29; each is half as wide as those of the order before
    #[arg(long = "order", id = "cell_order", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=29))]
    pub order: Option<u8>,
    /// A key of the config and its value, in place of what the config says: such as
    /// `data_source.filters[0].value=4`; null takes the key out
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// A built-in config, or the path of one [default: list the built-in ones]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub changes: ChangeArgs,
}

impl ChangeArgs {
    /// The config of that name with these changes.
    pub fn load(&self, config: &str) -> Result<Config> {
        let mut changes = Vec::with_capacity(self.set.len() + 1);
        if let Some(order) = self.order {
            changes.push(Change::new(ORDER, order));
        }
        for text in &self.set {
            let change: Change = text.parse()?;
            if self.order.is_some() && change.key() == ORDER {
                return Err(Error::argument(format!(
                    "--order and --set {change} both say the order of the cells; give one of them"
                )));
            }
            changes.push(change);
        }
        config::load_with(config, &changes)
    }

    /// The first flag that is given.
    pub fn given(&self) -> Option<&'static str> {
        match (self.order, self.set.is_empty()) {
            (Some(_), _) => Some("--order"),
            (None, false) => Some("--set"),
            (None, true) => None,
        }
    }
}

/// Prints a config, or lists the built-in ones.
pub fn config(args: &ConfigArgs) -> Result<u8> {
    if let Some(name) = &args.name {
        let config = args.changes.load(name)?;
        print(config.text.trim_end())?;
        return Ok(0);
    }
    if let Some(flag) = args.changes.given() {
        return Err(Error::argument(format!(
            "{flag} changes a config, and none is named; give its name first: icefold config NAME {flag} ..."
        )));
    }
    let rows: Vec<Vec<String>> = config::built_in()
        .iter()
        .map(|config| vec![config.name.to_owned(), config.about().to_owned()])
        .collect();
    print(&format!(
        "{}\nicefold config NAME prints one, icefold run NAME uses it",
        aligned(&rows).trim_end()
    ))?;
    Ok(0)
}

//! The page as HTML: what runs in the browser, and, in a file, all pieces.
//!
//! Nothing of a store stands in it but as text of the title, escaped, and as packed pieces, which a browser does not run. A
//! policy in the page lets it run its own script by that script's hash, and lets a file reach nothing.

use sha2::{Digest, Sha256};

use super::mark::START;
use super::pack::base64;
use super::source::Source;
use crate::error::{Error, Result, Setting, phrase};
use crate::text::size;

const BODY: &str = include_str!("page/body.html");
const STYLES: [&str; 2] = [
    include_str!("page/style.css"),
    include_str!("page/panel.css"),
];
/// In the order in which they need one another.
const SCRIPTS: [&str; 16] = [
    include_str!("page/bytes.js"),
    include_str!("page/projection.js"),
    include_str!("page/healpix.js"),
    include_str!("page/cells.js"),
    include_str!("page/earth.js"),
    include_str!("page/colors.js"),
    include_str!("page/values.js"),
    include_str!("page/gpu.js"),
    include_str!("page/camera.js"),
    include_str!("page/load.js"),
    include_str!("page/chart.js"),
    include_str!("page/legend.js"),
    include_str!("page/about.js"),
    include_str!("page/gestures.js"),
    include_str!("page/controls.js"),
    include_str!("page/main.js"),
];

/// The page with all pieces.
///
/// # Errors
/// A part of the store that cannot be read; a page that would be larger than it may be.
pub fn whole(source: &Source, max_size: u64) -> Result<String> {
    let mut pieces = String::new();
    let frame = frame(&source.title, "", "'none'").len();
    for piece in source.all()? {
        let Some(packed) = source.packed(piece, true)? else {
            continue;
        };
        let name = piece.name();
        pieces.push_str("<script type=\"application/octet-stream\" id=\"piece-");
        pieces.push_str(&name);
        pieces.push_str("\">");
        pieces.push_str(&base64(&packed));
        pieces.push_str("</script>\n");
        if (pieces.len() + frame) as u64 > max_size {
            return Err(too_large(source, max_size));
        }
    }
    Ok(self::frame(&source.title, &pieces, "'none'"))
}

/// The page that asks whoever serves it for pieces.
pub fn served(source: &Source) -> String {
    frame(&source.title, "", "'self'")
}

/// What a page may do, which is sent with it, too.
pub fn policy(connect: &str) -> String {
    let hash = |text: &str| base64(&Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data: blob:; connect-src {connect}; \
         base-uri 'none'; form-action 'none'",
        hash(&script()),
        hash(&style())
    )
}

fn script() -> String {
    format!("(() => {{\n\"use strict\";\n{}\n}})();\n", SCRIPTS.concat())
}

fn style() -> String {
    STYLES.concat()
}

fn frame(title: &str, pieces: &str, connect: &str) -> String {
    format!(
        "{START}<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{} \u{b7} icefold</title>\n<style>{}</style>\n</head>\n<body>\n\
         {BODY}{pieces}<script>{}</script>\n</body>\n</html>\n",
        policy(connect),
        escaped(title),
        style(),
        script()
    )
}

/// Text that is nothing but text in HTML.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

fn too_large(source: &Source, max_size: u64) -> Error {
    let orders = source.orders.iter().map(|order| {
        let (order, cells) = (order.grid.cell_order, order.reader.cells());
        format!("order {order} has {} cells", crate::text::grouped(cells))
    });
    let message = format!(
        "is more than a page of {}: {} variables, {}; show less of it with ",
        size(max_size),
        source.variables.len(),
        orders.collect::<Vec<_>>().join(", ")
    );
    Error::store(
        &source.path,
        phrase![
            message,
            Setting::Variables,
            " or ",
            Setting::Order,
            ", allow more with ",
            Setting::MaxSize,
            ", or look at it without a file, which reads what is in sight"
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_text_and_scripts_end_where_they_end() {
        assert_eq!(
            escaped("</title><img src=x onerror='a()'>&\n"),
            "&lt;/title&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;&amp; "
        );
        for text in SCRIPTS {
            let lower = text.to_lowercase();
            assert!(!lower.contains("</script") && !lower.contains("<!--"));
            assert!(text.starts_with("// ") && text.lines().count() < 400);
        }
        assert!(STYLES.iter().all(|text| !text.contains("</")));
    }
}

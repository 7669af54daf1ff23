//! Shaders: valid WGSL, twins of the CPU's stages, documented entry points, integers only, and no more
//! memory than every device has.

use std::collections::BTreeSet;
use std::path::Path;

use icefold::backend::wgpu::{entry_points, shaders};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};

use super::{expect_none, files, read, words};

/// Bytes of workgroup memory that every device has.
const WORKGROUP_MEMORY: u32 = 16 * 1024;

/// The stages that a device may do.
const STAGES: [&str; 3] = ["sort", "segment", "reduce"];

#[track_caller]
fn parsed(stem: &str, text: &str) -> (naga::Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{stem}.wgsl: {}", error.emit_to_string(text)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{stem}.wgsl: {}", error.emit_to_string(text)));
    (module, info)
}

#[test]
fn every_shader_is_valid_without_any_extension() {
    let mut found = BTreeSet::new();
    for (stem, text) in shaders() {
        let (module, _) = parsed(stem, &text);
        for entry in module.entry_points {
            found.insert((stem.to_owned(), entry.name));
        }
    }
    let expected = entry_points().map(|(stem, name)| (stem.to_owned(), name.to_owned()));
    assert_eq!(found, expected.collect());
}

#[test]
fn no_entry_point_takes_more_workgroup_memory_than_every_device_has() {
    for (stem, text) in shaders() {
        let (module, info) = parsed(stem, &text);
        let layout = |ty| module.types[ty].inner.size(module.to_ctx());
        for (i, entry) in module.entry_points.iter().enumerate() {
            let used = module.global_variables.iter().filter(|(handle, variable)| {
                variable.space == naga::AddressSpace::WorkGroup
                    && !info.get_entry_point(i)[*handle].is_empty()
            });
            let bytes: u32 = used.map(|(_, variable)| layout(variable.ty)).sum();
            assert!(bytes <= WORKGROUP_MEMORY, "{}: {bytes} bytes", entry.name);
        }
    }
}

#[test]
fn every_stage_has_its_twin_and_an_entry_point_of_its_name() {
    for stage in STAGES {
        for twin in [
            format!("src/backend/cpu/{stage}.rs"),
            format!("shaders/{stage}.wgsl"),
        ] {
            let text = read(Path::new(&twin));
            assert!(
                text.contains(&format!("fn {stage}(")),
                "{twin} has no `{stage}`"
            );
        }
        let shader = read(Path::new(&format!("shaders/{stage}.wgsl")));
        let opening: String = shader.lines().take_while(|l| l.starts_with("//")).collect();
        assert!(
            opening.contains(&format!("`src/backend/cpu/{stage}.rs`")),
            "{opening}"
        );
    }
}

#[test]
fn every_entry_point_says_how_it_is_launched() {
    let mut complaints = Vec::new();
    for path in files("shaders", "wgsl") {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (number, _) in lines
            .iter()
            .enumerate()
            .filter(|(_, l)| l.starts_with("@compute"))
        {
            let above = lines[..number].iter().rev();
            let comment: Vec<&str> = above.take_while(|l| l.starts_with("//")).copied().collect();
            let comment: String = comment.into_iter().rev().collect();
            for says in [
                "Launch: one workgroup",
                "Workgroup memory: ",
                "An invocation owns",
            ] {
                if !comment.contains(says) {
                    let (path, number) = (path.display(), number + 1);
                    complaints.push(format!("{path}:{number}: does not say `{says}`"));
                }
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn shaders_hold_no_float() {
    for path in files("shaders", "wgsl") {
        let text = read(&path);
        let code = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""));
        for line in code {
            let floats = words(line).any(|word| matches!(word, "f32" | "f16" | "unpack2x16float"));
            assert!(!floats, "{}: {line}", path.display());
        }
    }
}

#[test]
fn constants_have_one_home() {
    let emitted = icefold::backend::gpu::tile::wgsl();
    let names: Vec<&str> = emitted
        .lines()
        .filter_map(|line| line.strip_prefix("const ")?.split(':').next())
        .collect();
    assert!(names.contains(&"TILE"), "{emitted}");
    for path in files("shaders", "wgsl") {
        let text = read(&path);
        for name in &names {
            let again = text.contains(&format!("const {name}:"));
            assert!(!again, "{}: {name} is defined again", path.display());
        }
    }
}

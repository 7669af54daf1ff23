//! CUDA kernels: twins of the CPU's stages and of the shaders, and documented entry points.

use std::collections::BTreeSet;
use std::path::Path;

use icefold::backend::cuda::{KERNELS, PTX, sources};

use super::{expect_none, files, read};

const STAGES: [&str; 4] = ["locate", "sort", "segment", "reduce"];

#[test]
fn every_stage_has_its_twin_and_an_entry_point_of_its_name() {
    for stage in STAGES {
        let kernels = read(Path::new(&format!("kernels/{stage}.cu")));
        assert!(kernels.contains(&format!("ENTRY {stage}(")), "{stage}");
        let opening: String = kernels
            .lines()
            .take_while(|l| l.starts_with("//"))
            .collect();
        let twin = if stage == "locate" {
            "`src/grid/healpix/locate.rs`".to_owned()
        } else {
            format!("`shaders/{stage}.wgsl`")
        };
        assert!(opening.contains(&twin), "{opening}");
    }
}

#[test]
fn every_shader_entry_point_has_a_kernel_of_its_name() {
    for (_, name) in icefold::backend::wgpu::entry_points() {
        assert!(KERNELS.iter().any(|kernel| kernel.name() == name), "{name}");
    }
}

#[test]
fn every_kernel_says_how_it_is_launched() {
    let mut complaints = Vec::new();
    for path in files("kernels", "cu") {
        let mut launch = false;
        for (number, line) in read(&path).lines().enumerate() {
            launch |= line.starts_with("//") && line.contains("Launch");
            if line.starts_with("ENTRY") && !launch {
                let (path, number) = (path.display(), number + 1);
                complaints.push(format!("{path}:{number}: does not say `Launch`"));
            }
        }
    }
    expect_none(&complaints);
}

/// The emulation keeps shared memory in one section, where compilers do not put what templates declare.
#[test]
fn shared_memory_is_declared_outside_of_templates() {
    let (mut complaints, mut declared) = (Vec::new(), 0);
    for path in files("kernels", "cu") {
        let mut in_template = false;
        for (number, line) in read(&path).lines().enumerate() {
            in_template = (in_template || line.starts_with("template")) && !line.starts_with('}');
            let declares = line.trim_start().starts_with("__shared__");
            declared += usize::from(declares);
            if declares && in_template {
                let (path, number) = (path.display(), number + 1);
                complaints.push(format!("{path}:{number}: shared memory in a template"));
            }
        }
    }
    expect_none(&complaints);
    assert!(declared > 10, "{declared}");
}

/// The program looks for these before it uses a device, and the tests have no others.
#[test]
fn the_stand_in_for_the_driver_has_the_functions_that_the_program_looks_for() {
    let is_call = |name: &&str| {
        let rest = name.strip_prefix("cu").unwrap_or_default();
        rest.starts_with(|letter: char| letter.is_ascii_uppercase())
    };
    let looked_for = read(Path::new("src/backend/cuda/driver/devices.rs"));
    let looked_for: BTreeSet<&str> = looked_for.split('"').filter(is_call).collect();
    let stand_in: Vec<String> = files("tests/kernels/stand_in", "cpp")
        .iter()
        .map(|path| read(path))
        .collect();
    let offered: BTreeSet<&str> = stand_in
        .iter()
        .flat_map(|text| text.split("ENTRY_POINT Result ").skip(1))
        .filter_map(|text| text.split('(').next())
        .collect();
    assert_eq!(looked_for, offered);
    assert!(looked_for.len() > 30);
}

#[test]
fn the_embedded_sources_are_put_together_as_the_ptx_is() {
    let script = read(Path::new("scripts/ptx"));
    for ((stem, source), (of, _)) in sources().iter().zip(PTX) {
        assert_eq!(*stem, of);
        let listed = script
            .lines()
            .find(|l| l.contains(&format!("\"{stem}\": [")))
            .unwrap();
        let files = listed.split('"').skip(3).step_by(2);
        let texts = files.map(|file| read(Path::new(&format!("kernels/{file}.cu"))));
        assert!(texts.collect::<String>() == *source, "{stem}");
    }
}

//! A run in the file formats of cairo-run and Stone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use novation_cairo_air::SEGMENT_NAMES;
use novation_field::Fe;
use serde_json::{json, Map, Value as Json};

use crate::relocation::ProvableRun;

/// The files of a run in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFiles {
    /// Registers of every step.
    pub trace: PathBuf,
    /// Memory cells.
    pub memory: PathBuf,
    /// The statement.
    pub public_input: PathBuf,
    /// Inputs of builtins, and the names of trace and memory.
    pub private_input: PathBuf,
}

impl RunFiles {
    /// The usual names in a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            trace: folder.join("trace.bin"),
            memory: folder.join("memory.bin"),
            public_input: folder.join("public_input.json"),
            private_input: folder.join("private_input.json"),
        }
    }
}

impl ProvableRun {
    /// Writes the four files; if that fails, none of them is left.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, files: &RunFiles) -> io::Result<()> {
        let written = self.write_all(files);
        if written.is_err() {
            let RunFiles { trace, memory, public_input, private_input } = files;
            for path in [trace, memory, public_input, private_input] {
                // The first error is the one to report.
                let _ = fs::remove_file(path);
            }
        }
        written
    }

    fn write_all(&self, files: &RunFiles) -> io::Result<()> {
        fs::write(&files.trace, self.trace_bytes())?;
        fs::write(&files.memory, self.memory_bytes())?;
        fs::write(&files.public_input, format!("{:#}\n", self.public_input.to_value()))?;
        let mut private_input = self.private_input();
        for (key, path) in [("trace_path", &files.trace), ("memory_path", &files.memory)] {
            let path = std::path::absolute(path)?;
            private_input.insert(key.to_owned(), path.to_string_lossy().into());
        }
        fs::write(&files.private_input, format!("{:#}\n", Json::Object(private_input)))
    }

    fn trace_bytes(&self) -> Vec<u8> {
        let words = self.inputs.trace.iter().flat_map(|step| [step.ap, step.fp, step.pc]);
        words.flat_map(u64::to_le_bytes).collect()
    }

    fn memory_bytes(&self) -> Vec<u8> {
        let cells = (0_u64..).zip(&self.inputs.memory);
        let cell = |(address, value): (u64, &Option<Fe>)| Some((address, (*value)?));
        let words = cells.filter_map(cell).flat_map(|(address, value)| {
            let [a, b, c, d] = value.to_limbs();
            [address, a, b, c, d]
        });
        words.flat_map(u64::to_le_bytes).collect()
    }

    /// Inputs of all builtins, without the names of files.
    fn private_input(&self) -> Map<String, Json> {
        let mut inputs: Map<String, Json> =
            SEGMENT_NAMES[2..].iter().map(|name| ((*name).to_owned(), json!([]))).collect();
        for name in ["add_mod", "mul_mod"] {
            let unused = json!({"instances": [], "zero_value_address": self.zeros_address});
            inputs.insert(name.to_owned(), unused);
        }
        let builtins = &self.inputs.builtins;
        let range_check = builtins
            .range_check
            .iter()
            .map(|(index, value)| json!({"index": index, "value": format!("{value:#x}")}));
        inputs.insert("range_check".to_owned(), range_check.collect());
        let ecdsa = builtins.ecdsa.iter().map(|(index, input)| {
            json!({
                "index": index,
                "pubkey": input.public_key.to_hex(),
                "msg": input.message.to_hex(),
                "signature_input": {"r": input.r.to_hex(), "w": input.w.to_hex()},
            })
        });
        inputs.insert("ecdsa".to_owned(), ecdsa.collect());
        let poseidon = builtins.poseidon.iter().map(|(index, state)| {
            let [a, b, c] = state.map(Fe::to_hex);
            json!({"index": index, "input_s0": a, "input_s1": b, "input_s2": c})
        });
        inputs.insert("poseidon".to_owned(), poseidon.collect());
        inputs.remove("output");
        inputs
    }
}

//! Takes what the page at /api-docs needs out of the package that carries Swagger UI, compressed.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::error::Error;
use std::fs::File;
use std::io::{Cursor, Read, Write, copy};
use std::path::PathBuf;
use zip::ZipArchive;

const ASSETS: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut archive = ZipArchive::new(Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED))?;
    for asset in ASSETS {
        let name = archive
            .file_names()
            .find(|name| name.ends_with(&format!("/dist/{asset}")))
            .ok_or_else(|| format!("the package of Swagger UI has no {asset}"))?
            .to_owned();
        let mut text = Vec::new();
        archive.by_name(&name)?.read_to_end(&mut text)?;
        let mut encoder = GzEncoder::new(
            File::create(folder.join(format!("{asset}.gz")))?,
            Compression::best(),
        );
        copy(&mut text.as_slice(), &mut encoder)?;
        encoder.finish()?.flush()?;
    }
    Ok(())
}

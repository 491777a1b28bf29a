//! Boot images of x86-64 (Documentation/arch/x86/boot.rst), and kernels that are ELF files.

use memchr::memmem;

/// The magic number of the header, and where it is.
const HEADER: (usize, &[u8]) = (0x202, b"HdrS");
/// The place of a number of two bytes: where the text with the version begins, counted from the second sector.
const VERSION: usize = 0x20e;
const SECTOR: usize = 512;
/// In an ELF file, before the release.
const BANNER: &[u8] = b"Linux version ";

/// The release that an image says it has, such as `6.12.9-amd64`.
///
/// # Errors
/// What it is instead of an image.
pub fn release(image: &[u8]) -> Result<String, String> {
    let text = if image.get(HEADER.0..HEADER.0 + HEADER.1.len()) == Some(HEADER.1) {
        let low = image.get(VERSION..VERSION + 2).map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]])));
        image.get(SECTOR + low..)
    } else if image.starts_with(&object::elf::ELFMAG) {
        memmem::find_iter(image, BANNER).map(|at| &image[at + BANNER.len()..]).find(|text| is_version(text))
    } else {
        return Err("it is neither a package (`.deb`) nor a boot image of x86-64 (`vmlinuz`)".to_owned());
    };
    let text = text.filter(|text| is_version(text)).ok_or("it names no release")?;
    let end = text.iter().position(|&byte| !is_of_releases(byte)).unwrap_or(text.len());
    Ok(String::from_utf8_lossy(&text[..end]).into_owned())
}

fn is_version(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

fn is_of_releases(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._+-~".contains(&byte)
}

/// The first two numbers of a release: `6.12`.
pub fn version(release: &str) -> &str {
    let mut numbers = release.match_indices(|c: char| !c.is_ascii_digit());
    let end = numbers.nth(1).map_or(release.len(), |(at, _)| at);
    &release[..end]
}

#[cfg(test)]
mod tests {
    use super::{release, version};

    #[test]
    fn releases_of_images() {
        let mut image = vec![0; 2048];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x20e..0x210].copy_from_slice(&[0, 2]);
        let text = b"6.12.9+deb-amd64 (builder) #1\0";
        image[1024..1024 + text.len()].copy_from_slice(text);
        assert_eq!(release(&image).as_deref(), Ok("6.12.9+deb-amd64"));
        image.truncate(0x210);
        assert!(release(&image).is_err() && release(b"").is_err());
        assert_eq!(release(b"\x7fELF..Linux version %s..Linux version 6.1.0-rc3 (x)").as_deref(), Ok("6.1.0-rc3"));
    }

    #[test]
    fn versions_of_releases() {
        assert_eq!(["6.12.9-amd64", "6.1-rc1", "7.0", "6"].map(version), ["6.12", "6.1", "7.0", "6"]);
    }
}

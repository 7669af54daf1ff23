//! Rows of pixels, and PNG files of them.

#[cfg(test)]
use super::scene::Color;
use super::scene::Pixels;

/// Rows of pixels, from the upper left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

pub fn to_image(width: u32, height: u32, bytes: Vec<u8>) -> Image {
    Image {
        width,
        height,
        bytes,
    }
}

impl Image {
    /// The image as a PNG file.
    ///
    /// # Errors
    /// The encoder's.
    pub fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        encoded(self.width, self.height, &self.bytes, png::ColorType::Rgb)
    }
}

impl Pixels {
    /// The pixels as a PNG file, with their opacity.
    ///
    /// # Errors
    /// The encoder's.
    pub fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        encoded(self.width, self.height, &self.bytes, png::ColorType::Rgba)
    }
}

fn encoded(
    width: u32,
    height: u32,
    bytes: &[u8],
    colors: png::ColorType,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(colors);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Adaptive);
    encoder.write_header()?.write_image_data(bytes)?;
    Ok(file)
}

#[cfg(test)]
impl Image {
    /// Of one colour.
    pub fn of(width: u32, height: u32, color: Color) -> Self {
        to_image(
            width,
            height,
            color.repeat(width as usize * height as usize),
        )
    }

    /// Of a PNG file.
    pub fn from_png(file: &[u8]) -> Self {
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        to_image(info.width, info.height, bytes)
    }

    pub fn pixels(&self) -> impl Iterator<Item = Color> {
        self.bytes
            .chunks_exact(3)
            .map(|pixel| [pixel[0], pixel[1], pixel[2]])
    }

    /// Pixels with their column and row.
    pub fn enumerate_pixels(&self) -> impl Iterator<Item = (u32, u32, Color)> {
        let place = |i: usize| (i as u32 % self.width, i as u32 / self.width);
        self.pixels()
            .enumerate()
            .map(move |(i, pixel)| (place(i).0, place(i).1, pixel))
    }
}

"""Static files of the core: styles, native JavaScript modules, images, fonts, vendored code."""

//! The words of an export that depend on the account's language.

/// Words of one language. Where no export in it was seen, Google's English word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// The product's folder.
    pub product: &'static str,
    /// What stands before the year of a year folder.
    pub year_prefix: &'static str,
    /// The file of an album's facts.
    pub album_file: &'static str,
    /// What an edited copy's name ends with, before the extension.
    pub edited: &'static str,
    /// The folder of albums without a title.
    pub untitled: &'static str,
    /// The bin.
    pub trash: &'static str,
    /// The archive.
    pub archive: &'static str,
    /// The file of memories' titles.
    pub memories_file: &'static str,
}

impl Language {
    /// English.
    pub const ENGLISH: Self = Self {
        product: "Google Photos",
        year_prefix: "Photos from ",
        album_file: "metadata.json",
        edited: "-edited",
        untitled: "Untitled",
        trash: "Trash",
        archive: "Archive",
        memories_file: "user-generated-memory-titles.json",
    };
    /// French.
    pub const FRENCH: Self = Self {
        year_prefix: "Photos de ",
        album_file: "métadonnées.json",
        edited: "-modifié",
        untitled: "Sans titre",
        trash: "Corbeille",
        memories_file: "titres-souvenirs-générés-par-utilisateur.json",
        ..Self::ENGLISH
    };
    /// German.
    pub const GERMAN: Self = Self {
        product: "Google Fotos",
        year_prefix: "Fotos von ",
        album_file: "Metadaten.json",
        edited: "-bearbeitet",
        untitled: "Unbenannt",
        trash: "Papierkorb",
        archive: "Archiv",
        ..Self::ENGLISH
    };
    /// Italian.
    pub const ITALIAN: Self = Self {
        product: "Google Foto",
        album_file: "metadati.json",
        edited: "-modificato",
        untitled: "Senza titolo",
        trash: "Cestino",
        archive: "Archivio",
        ..Self::ENGLISH
    };
    /// Spanish.
    pub const SPANISH: Self = Self {
        product: "Google Fotos",
        year_prefix: "Fotos del ",
        album_file: "metadatos.json",
        edited: "-editado",
        untitled: "Sin título",
        trash: "Papelera",
        archive: "Archivo",
        ..Self::ENGLISH
    };
    /// Catalan.
    pub const CATALAN: Self = Self { album_file: "metadades.json", edited: "-editat", ..Self::ENGLISH };
    /// Dutch.
    pub const DUTCH: Self = Self { edited: "-bewerkt", ..Self::ENGLISH };
    /// Polish.
    pub const POLISH: Self = Self { edited: "-edytowane", ..Self::ENGLISH };
    /// Slovak.
    pub const SLOVAK: Self = Self { product: "Fotky Google", album_file: "metadáta.json", ..Self::ENGLISH };
    /// Russian.
    pub const RUSSIAN: Self =
        Self { product: "Google Фото", album_file: "метаданные.json", ..Self::ENGLISH };
    /// Bulgarian.
    pub const BULGARIAN: Self =
        Self { product: "Google Снимки", album_file: "метаданни.json", ..Self::ENGLISH };
    /// Japanese.
    pub const JAPANESE: Self = Self { edited: "-編集済み", ..Self::ENGLISH };
    /// Chinese.
    pub const CHINESE: Self = Self { edited: "-编辑", ..Self::ENGLISH };

    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::ENGLISH,
        Self::FRENCH,
        Self::GERMAN,
        Self::ITALIAN,
        Self::SPANISH,
        Self::CATALAN,
        Self::DUTCH,
        Self::POLISH,
        Self::SLOVAK,
        Self::RUSSIAN,
        Self::BULGARIAN,
        Self::JAPANESE,
        Self::CHINESE,
    ];
}

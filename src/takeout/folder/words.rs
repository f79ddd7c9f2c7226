//! The names of special folders in the languages in which they are known or likely.
//!
//! Google writes most of them in English whatever the language; the others are from importers' lists and from the words of Google
//! Photos itself. Invariant: lower case, composed, parted by `|`. May import: nothing. Tests: `src/takeout/folder.rs`.

/// What stands beside "Google" in the name of the product's folder.
pub(crate) const PRODUCT: &str = "photos|photo|fotos|foto|fotky|foto's|fotoğraflar|zdjęcia|kuvat|fotografije|фото|снимки|\
     φωτογραφίες|フォト|相册|相簿|포토|صور|תמונות|फ़ोटो";

/// The trash.
pub(crate) const TRASH: &str = "trash|bin|papierkorb|corbeille|papelera|cestino|lixeira|lixo|reciclagem|prullenbak|kosz|koš|kôš|\
     papperskorgen|papirkurv|papirkurven|roskakori|lomtár|kuka|coș de gunoi|çöp kutusu|çöp|paperera|\
     корзина|кошче|кошик|κάδος|ゴミ箱|回收站|垃圾桶|휴지통";

/// The archive.
pub(crate) const ARCHIVE: &str = "archive|archiv|archives|archivo|archivio|arquivo|archief|archiwum|archív|arkiv|arkisto|archívum|\
     arhivă|arhiva|arşiv|arxiu|архив|архів|αρχείο|アーカイブ|归档|封存|보관함";

/// The locked folder.
pub(crate) const LOCKED: &str = "locked folder|gesperrter ordner|dossier verrouillé|carpeta privada|carpeta bloqueada|\
     cartella bloccata|pasta trancada|pasta com restrição|vergrendelde map|folder zablokowany|\
     uzamčená složka|uzamknutý priečinok|låst mapp|låst mappe|lukittu kansio|zárolt mappa|\
     kilitli klasör|carpeta bloquejada|папка с защитой|личная папка|заключена папка|ロックされたフォルダ|\
     已锁定的文件夹|已鎖定的資料夾|잠긴 폴더";

/// Videos that could not be processed.
pub(crate) const FAILED: &str = "failed videos|fehlgeschlagene videos|vidéos ayant échoué|échec des vidéos|vídeos con errores|\
     video non riusciti|vídeos com falha|mislukte video's|失敗した動画";

/// What stands before the year in the folder of a year.
pub(crate) const BEFORE: &str = "photos from|fotos von|fotos aus|photos de|fotos de|fotos del|fotos desde|foto del|foto dal|\
     foto da|foto's uit|foto's van|zdjęcia z|fotky z|fotografie z|foton från|bilder fra|billeder fra|\
     valokuvat|kuvat vuodelta|fényképek -|fotografii din|fotoğraflar|фото за|фотографии за|снимки от|\
     фотографії за|φωτογραφίες από";

/// What stands behind the year.
pub(crate) const BEHIND: &str = "年の写真|年のフォト|年的照片|年的相片|년의 사진|년 사진";

/// Whether `name`, in lower case, is one of `words`.
pub(crate) fn is_one_of(name: &str, words: &str) -> bool {
    words.split('|').any(|word| word == name)
}

# ruff: noqa: RUF001 - letters of several scripts that look alike are the matter here

"""Names of files as people in several countries give them, in the code pages their zip tools wrote."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

WORDS: dict[str, str] = {
    "ru": """фото Отпуск лето море Новый год свадьба день рождения Москва семья папа мама дети дача зима
    Школа выпускной Документ копия снимок экрана Видео концерт лучшее отчёт договор счёт Песня Горы
    поход друзья Байкал бабушка Ёлка Объявление щенок вечеринка рыбалка Екатеринбург резюме Сочи
    старые альбом ПАСПОРТ Юля Женя кошка собака Кухня ремонт чертёж Лекция экзамен Физика рецепт
    Крым прогулка на с в из для и без мы""",
    "uk": """фотографії Київ літо відпустка Львів весілля день народження сім'я Різдво зима школа випускний
    копія знімок Карпати Одеса гори подорож друзі бабуся їжа їдальня Європа ялинка дідусь пісня
    концерт звіт договір рахунок Україна Харків собака кішка ремонт кухня мій наш щастя рецепт Єва
    площа вечір ніч мої""",
    "ja": """写真 新しいフォルダ 旅行 東京 京都 夏休み 運動会 結婚式 誕生日 家族 スクリーンショット 動画 音楽
    アルバム 資料 会議 見積書 請求書 桜 富士山 花火 子供 卒業式 入学式 大阪 北海道 沖縄 温泉 猫 犬
    ケーキ お正月 コピー 第一話 最終回 表紙 漫画 イラスト テスト 説明書 お読みください 無題
    名称未設定 ひまわり 海 山 春 秋 祭り デジカメ パソコン 料理 ラーメン""",
    "zh-cn": """照片 新建文件夹 旅游 北京 上海 春节 婚礼 生日 家庭 视频 截图 音乐 文档 会议 合同 报告 副本 毕业
    同学聚会 爸爸妈妈 孩子 风景 长城 西湖 美食 宠物 猫咪 手机相册 微信图片 工作总结 说明 简历
    学习资料 国庆节 发票 身份证 第一集 封面 壁纸 动漫 夏天 冬天 海边 爬山 周末 朋友 老师 广州 深圳
    四川 杭州 未命名 使用方法 安装""",
    "zh-tw": """照片 新增資料夾 旅遊 台北 高雄 春節 婚禮 生日 家庭 影片 螢幕擷取 音樂 文件 會議 合約 報告 副本
    畢業 同學會 爸爸媽媽 孩子 風景 日月潭 夜市 美食 寵物 貓咪 手機相簿 圖片 工作總結 說明 履歷
    學習資料 國慶 發票 身分證 第一集 封面 桌布 動漫 夏天 冬天 海邊 爬山 週末 朋友 老師 香港 花蓮
    阿里山 墾丁 未命名 使用方法 請先讀我 結婚""",
    "ko": """사진 새 폴더 여행 서울 부산 여름휴가 결혼식 생일 가족 동영상 스크린샷 음악 문서 회의 계약서
    보고서 복사본 졸업식 엄마 아빠 아이들 풍경 제주도 맛집 강아지 고양이 휴대폰 앨범 이미지 자료
    이력서 설명서 추석 설날 영수증 신분증 제1화 표지 배경화면 만화 겨울 바다 등산 주말 친구 선생님
    학교 운동회 벚꽃 한강 꽃 카카오톡 읽어주세요 우리 집""",
    "de": """Übersicht Grüße Straße Käse Mädchen Österreich schöne Fotos München Köln Düsseldorf
    Hüttenwanderung Weihnachtsgrüße Frühling Geburtstagsfeier größer Vögel Bücher Rückblick Ärger
    Kühe Süden fünf für über Gäste Spaß Fußball Wäsche Brötchen Nürnberg Jürgen Löwe Bär Äpfel
    Schlüssel""",
    "fr": """été Noël à la plage forêt fête château mère père frère école élèves photo français Noémie Chloé
    Hélène crème brûlée garçon leçon hôtel île dîner château fenêtre première dernière année goûter
    vélo musée théâtre cathédrale événement résumé Étretat Île où ça voilà très près après août""",
    "es": """niño niña mañana España cumpleaños Año Nuevo montaña otoño José María jardín corazón canción
    camión fotografía excursión día música película árbol pingüino señor señora reunión habitación
    balcón última Málaga Córdoba León Cádiz también aquí así café sábado ¿Qué? ¡Hola! Ávila""",
    "pl": """zdjęcia łąka Łódź Kraków święta Boże Narodzenie źródło żółw gęś ślub urodziny wakacje książka
    Gdańsk Poznań Wrocław góry morze dzieci rodzina mąż żona córka łódka wycieczka zażółć jaźń świat
    późno zamówienie faktura umowa różne pięć sześć dziewięć Śląsk Żywiec pamiątka miłość kościół""",
}
"""Independent of what the detection knows: written as file names come to mind, not counted from anything."""

CODECS: dict[str, tuple[str, ...]] = {
    "ru": ("cp866", "cp1251", "koi8-r"),
    "uk": ("cp866", "cp1251", "koi8-u"),
    "ja": ("cp932",),
    "zh-cn": ("gbk",),
    "zh-tw": ("cp950",),
    "ko": ("cp949",),
    "de": ("cp437", "cp850", "cp1252"),
    "fr": ("cp850", "cp1252"),
    "es": ("cp850", "cp1252"),
    "pl": ("cp852", "cp1250"),
}
_SPACED = {"ru", "uk", "ko", "de", "fr", "es", "pl"}
_ENDINGS = ("jpg", "JPG", "jpeg", "png", "mp4", "heic", "txt", "pdf", "mov", "doc")
_SHAPES = (
    "{a}.{e}",
    "{a} {b}.{e}",
    "{a}{n}.{e}",
    "{a}_{n}.{e}",
    "{n} {a}.{e}",
    "{n}. {a}.{e}",
    "IMG_{n} {a}.{e}",
    "{a} ({n}).{e}",
    "{a}/{b}.{e}",
    "{a}/IMG_{n}.{e}",
    "{a} {b} {c} {n}.{e}",
    "2019-0{d}-1{d} {a} {b}.{e}",
    "{a} - {b}.{e}",
    "{a}/{b}/{c}.{e}",
)
_BEST_FIT = str.maketrans("іІґҐ", "iIгГ")
"""What Windows writes for Ukrainian letters that code page 866 does not have."""


@dataclass(frozen=True, slots=True)
class NameSet:
    """The names of one archive as they were meant, and the code page they were written in."""

    language: str
    codec: str
    names: tuple[str, ...]

    @property
    def raws(self) -> list[bytes]:
        """As they stand in the archive."""
        return [name.encode(self.codec) for name in self.names]


def name_sets(per_pair: int, seed: int, most: int = 10) -> Iterator[NameSet]:
    """`per_pair` sets of 1 to `most` names for each language and code page; every third set is one name alone."""
    rng = random.Random(seed)
    for language, codecs in CODECS.items():
        for codec in codecs:
            for number in range(per_pair):
                count = 1 if number % 3 == 0 else rng.randint(2, max(most, 2))
                yield NameSet(language, codec, _names(rng, language, codec, count))


def _names(rng: random.Random, language: str, codec: str, count: int) -> tuple[str, ...]:
    while True:
        names = tuple(_fit(_name(rng, language), codec) for _ in range(count))
        if not all(name.isascii() for name in names):
            return names


def _name(rng: random.Random, language: str) -> str:
    words = WORDS[language].split()
    picked = [rng.choice(words) for _ in range(3)]
    shape = rng.choice(_SHAPES)
    if language not in _SPACED:
        shape = shape.replace("{a} {b}", "{a}{b}")
    return shape.format(
        a=picked[0],
        b=picked[1],
        c=picked[2],
        n=rng.randint(1, 2000),
        d=rng.randint(1, 9),
        e=rng.choice(_ENDINGS),
    )


def _fit(name: str, codec: str) -> str:
    return name.translate(_BEST_FIT) if codec == "cp866" else name

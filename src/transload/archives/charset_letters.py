# ruff: noqa: RUF001 - letters of several scripts that look alike are the matter here

"""What letters cost in names of files, by script: estimates from common knowledge, checked by what they distinguish."""

_LETTERS = {
    2.3: "оаеи",
    2.8: "нтрсл",
    3.2: "вкм",
    3.5: "дпуія",
    4.0: "ызьбгйчж",
    4.7: "хшюї",
    5.5: "цщэєё",
    6.5: "фъґ",
}
CYRILLIC = {letter: cost for cost, letters in _LETTERS.items() for letter in letters}
CYRILLIC_ALONE = "васикуоязіїй"
_PAIRS = (
    "ст но то на ен не ов ни ра во ко ро ре ос ал ер по го ан од от ли ка ск ла ло ть ел ет ол ат ом "
    "та ор де до те ло ва ес ле ви ны ри ие ия ий ог пр ин ве из ки ти ит ак за ма ка им ам ем об да "
    "др ис эт же бы мо ми ла ль лю вы св ож жд де ня се мь ья фо ил ин ро сн ок ру уз зи ду га че ча "
    "чн чт шк щи эк ку ры ск пе пу ик ки ии ес ну ец бо ба бе би ег жи зн ив ич кр кл мы на об оз он "
    "оп пи ря са си см со ср су сы сь та тр ту тя ты уд ук ул ум ут хо цы ць ів ні ті рі лі ії ої ля "
    "єв ві ід із ін іт іс йо ка ім ук аї їн ди дн ед ея жк зд зы ид их ищ йс кт лн мк нд нк нт нь ня "
    "ое ой ош пл рд рк рм рн рс рт рю сл сп сш тв тк ув уг уж ур ус уч уш фи хи хл хр ци цк чк шт щё "
    "ща ыв ый ым ых ьн ьк юб ют яд ял ят "
)
CYRILLIC_PAIRS = frozenset(_PAIRS.split())
"""Pairs of letters in ordinary Russian and Ukrainian words."""

_V, _C = "aeiou", "bcdfghjklmnpqrstvwxyz"

WESTERN: dict[str, tuple[float, str, str]] = {
    "ä": (4.8, " bdfghjklmnprstvwxe", "bcdfghklmnprstuxz"),
    "ö": (5.0, " bdfghjklmnprstvwz", "bcdfghklmnprstvwxz"),
    "ü": (4.6, " abdfghjklmnprstwzg", "bcdfghklmnprstxz "),
    "ß": (5.5, "aieouäöü", "abegkltwn "),
    "é": (4.3, " abcdfghijklmnprstuvxz", " abcdefgjlmnoprstuvz-"),
    "è": (5.0, "bcdhiglmnprtuv", "bcdgflmnrstvz "),
    "ê": (6.0, "bcdfhmnprtvê", "bcmnprtv"),
    "ë": (6.0, "agiou", " lnstr"),
    "à": (5.6, " lo", " "),
    "â": (6.2, "bcghlmprt", "bcglmnprtv"),
    "ç": (5.2, " acelnru", "aoueõã"),
    "î": (6.4, "abcdnrt ", "nlmtcr"),
    "ï": (6.6, "aous", "censuvl"),
    "ô": (6.2, "bchilnprt", "nltmpuv"),
    "û": (6.5, "cdfgobrlm", "ltrm "),
    "ù": (7.0, "oi", " "),
    "œ": (7.5, " cmnsbv", "u"),
    "á": (5.2, " bcdfghilmnprstvzu", "bcdgfjlmnpqrstvxzu "),
    "í": (5.0, "abcdfghilmnprstuvx", "abcdefglmnorstv "),
    "ó": (4.9, " bcdfghilmnprstvx", "bcdglmnprstvx "),
    "ú": (5.8, " abcdglmnprst", "bcdlmnprsteag "),
    "ñ": (4.8, " aeiou", "aoeiu"),
    "ã": (5.8, "hmnpçvst", "o e"),
    "õ": (6.8, "içtn", "e"),
    "å": (6.2, " bfghkmprstvl", "abdgklmnrst "),
    "ø": (6.4, " bdfgjklmnrst", "bdfgjklmnrstvy "),
    "æ": (6.6, " bfghklnrstv", "bdglnrstv"),
    "ì": (7.5, "lrdn", " "),
    "ò": (7.5, "lrnt", " "),
    "¿": (8.0, " ", "qcdp"),
    "¡": (8.0, " ", "hvfaq"),
}
"""Letter: cost, letters before and after it (a space: the edge of a word)."""

CENTRAL: dict[str, tuple[float, str, str]] = {
    "ą": (4.6, "bcdgijklmnprstwzśżł", " bcdgklpstzćżw"),
    "ć": (5.0, "aąeiouyęóśńź", " mw"),
    "ę": (4.6, "bcdijkmnprtwzgłśż", " bcdgkpstzćśż"),
    "ł": (4.3, " aeobcdghkmpstuwz", " aąeęoóyukńsntd"),
    "ń": (4.8, "aeoiyu", " scdkm"),
    "ó": (4.8, " cdghjklmnprtwzłżź", "bcdgjklmnrstwzłżź"),
    "ś": (4.8, " aeoiyćwjlnruęą", " cilmnpwrtćm"),
    "ź": (5.6, " aeoięróą", " dlmnrńć"),
    "ż": (4.7, " aeodjąęuyó", " aądeęnouyóiwek"),
    "č": (5.6, " aeioubdkntršíáž", " aeiknuoíáěs"),
    "ď": (7.5, "aeoiěá", " "),
    "ě": (5.6, "bdmnptvf", " jkmntsdlchřrž"),
    "ň": (7.0, "aeoiíušáě", " ks"),
    "ř": (5.8, " bdkptaeivoá", "aeiíeěská "),
    "š": (5.4, " aeioukpvtčíáě", " aeiktnoulíěpťc"),
    "ť": (7.0, "aesšoná", " "),
    "ů": (6.2, "dkmrlvbtns", " mjvlrnsžtb"),
    "ý": (5.6, "cnklmrstvbdš", " mcrlsvnk"),
    "ž": (5.6, " aeioudáíěůý", " aeinďdíkus"),
    "á": (5.2, " bcdhklmnprstvzjčřšž", " bcdhklmnprstvzjšž"),
    "é": (5.6, "bcdhklmnprstvzg", " bhjklmnprstvz"),
    "í": (5.2, "bcdhklmnprstvzčřšž", " bcdhklmnprstvzmž"),
    "ú": (6.2, " ", "bcdlmnprstvzčřž"),
    "ő": (5.8, "bdeijklmnprsthv", " bdkiklnrst"),
    "ű": (6.4, "bdfgyhlmnrstz", " bdjlnrstvz"),
    "ö": (5.6, " bdfghjkltmnrstvz", "bdgklmnrstvzsz"),
    "ü": (5.8, " bdfghjkltmnrstvz", "bdgklmnrstvz"),
    "ä": (6.2, " bdfhklmnprstvw", "bcdghlmnrstuz"),
    "ß": (7.0, "aieouäöü", "aeblt "),
    "ă": (5.6, " bcdghlmnprstvz", " bcdgilmnrstr"),
    "â": (6.2, "bcfgmrstv", "mnrtst"),
    "î": (6.2, " ", "nlmt"),
    "ş": (5.8, " aeiouăâî", " aeiotu"),
    "ţ": (5.8, " aeinouă", " aăeiu"),
    "đ": (6.5, " aeiounr", " aeiu"),
}
"""Letters of Polish, Czech, Slovak, Hungarian, Romanian and Croatian."""

SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后"
    "作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因"
    "只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应"
    "战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿"
    "原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太"
    "量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界"
    "达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今"
    "切院让识候带导争运笔照片图片视频音乐文件夹旅游婚礼毕业合影聚会风景生活宝春夏秋冬节快乐爱情电影歌"
    "曲游戏软件下载资料教程说明截屏手机相机录制版本最终备份副本学校老师同学家庭孩子爸妈朋友城湖江河花"
    "草树木猫狗鸟鱼美食饭店酒车站火飞船票证书简历合同报告总结计划通知表格名单号码北京上海广州深圳杭州"
    "南京武汉成都重庆香港台湾省县村街楼房屋室厅红黄蓝绿黑白大小高低左右前后早晚午夜周星期零六七八九百"
    "千亿元整集季卷册章页封底目录壁纸漫画小说"
)

TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後"
    "作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因"
    "只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應"
    "戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒"
    "原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太"
    "量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界"
    "達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今"
    "切院讓識候帶導爭運筆照片圖片影片音樂文件夾旅遊婚禮畢業合影聚會風景生活寶春夏秋冬節快樂愛情電影歌"
    "曲遊戲軟體下載資料教程說明截圖手機相機錄製版本最終備份副本學校老師同學家庭孩子爸媽朋友城湖江河花"
    "草樹木貓狗鳥魚美食飯店酒車站火飛船票證書簡歷合約報告總結計畫通知表格名單號碼台北高雄台中台南新竹"
    "花蓮香港九龍灣省縣村街樓房屋室廳紅黃藍綠黑白大小高低左右前後早晚午夜週星期零六七八九百千億元整集"
    "季卷冊章頁封底目錄桌布漫畫小說"
)

KANJI = (
    "日一国会人年大十二本中長出三時行見月後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百"
    "書先名川千水半男西電校語土木聞食車何南万毎白天母火右読友左休父雨写真動画音楽映像表紙資料会議東京"
    "都大阪府道県市区町村春夏秋冬海山川空花桜猫犬鳥魚家族旅行新古作品集第話巻号章最終完全版初回第次回"
    "答問題集試験説明書簡単使方法無題名称未設定保存変更編集印刷提出報告議事録予定計画案内地図写部屋店"
    "駅前電車自動車機械手紙封筒年賀状結婚式誕生日卒業入学運動会文化祭祭花火大会正月温泉料理肉野菜飲酒"
    "茶子供達親兄弟姉妹夫妻友達先生学生社員会社業務契約請求見積領収書振込銀行口座番号住所氏名電話履歴"
    "書職務経歴開始終了時間曜日朝昼夜晩週月末仕事場所目的内容結果原因対策情報通信世界歴史物語小説漫画"
    "絵本雑誌曲歌詞声優主題歌戦争平和愛夢心体頭目耳口手足力光風雪星空色赤青黄緑黒北海道青森岩手宮城秋"
    "田福島茨城栃木群馬埼玉千葉神奈新潟富士石川福井梨野岐阜静岡愛知三重滋賀京兵庫良和歌鳥取島根岡広島"
    "山口徳香媛高佐長崎熊分沖縄横浜名古屋戸港町橋寺神社城公園"
)

HANGUL = (
    "이다는의가에을하고지로한사기서은도를리어대아자인시나해정일그부수여들있라보전제장과만상주적으우구"
    "성니조경선공원신스면안것게거오와내연소계무위동분생세없미치문방모할중민실관용발체유요회화물차양당"
    "김더진마말국학교재인영명된되저금개년월반속통행산결데러노토드바운감비남북서울호강박최임음식바다사"
    "진여행가족친구생일결혼졸업파일폴더새로운문서자료이미지그림동영상음악노래앨범복사본최종수정완료보"
    "고서계획표목록안내설명여름겨울봄가을휴가제주부산대구광주인천경기강원꽃집우리엄마아빠아이할머니형"
    "누나동생강아지고양이학교선생님수업시험공부회사업무회의계약견적청구영수증이력신분증화면크린샷카메"
    "라휴대폰배경만드라영화예능회편부터까지전체크린터트프플레스케카타파하코포토피키티디비씨"
)

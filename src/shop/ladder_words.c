/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of words, in English and Japanese. A word that is missing here costs an upgrade or two,
 * never a wrong one: what the tables do not know is learned from prices (ladder_learn.c) or stays
 * the customer's choice.
 */
#include "shop/ladder_words.h"

struct step {
    int step;
    const char *words; /* folded, between bars */
};

static const struct step low_high[] = {
    { 1, "|l|low|entry|入門|" }, { 2, "|m|mid|middle|medium|中級|" }, { 3, "|h|high|上級|" }, { 0 }
};
static const struct step tiers[] = {
    { 1, "|lite|ライト|entry|エントリー|economy|エコノミー|starter|スターター|mini|free|無料|e|" },
    { 2, "|basic|ベーシック|standard|スタンダード|std|normal|ノーマル|regular|レギュラー|標準|"
         "通常|普通|essential|" },
    { 3, "|plus|プラス|advanced|アドバンス|comfort|コンフォート|superior|スーペリア|" },
    { 4, "|pro|プロ|professional|premium|プレミアム|deluxe|デラックス|business|ビジネス|"
         "高級|上質|" },
    { 5, "|ultra|ウルトラ|max|ultimate|enterprise|エンタープライズ|luxury|ラグジュアリー|"
         "suite|スイート|first|ファースト|最高級|極上|" },
    { 0 }
};
static const struct step pine[] = {
    { 1, "|梅|" }, { 2, "|竹|" }, { 3, "|松|" }, { 4, "|特松|" }, { 0 }
};
static const struct step grade[] = {
    { 1, "|並|" }, { 2, "|上|" }, { 3, "|特上|" }, { 4, "|極上|" }, { 0 }
};
static const struct step medals[] = { { 1, "|bronze|ブロンズ|" },      { 2, "|silver|シルバー|" },
                                      { 3, "|gold|ゴールド|" },        { 4, "|platinum|プラチナ|" },
                                      { 5, "|diamond|ダイヤモンド|" }, { 0 } };
static const struct step good[] = { { 1, "|good|" }, { 2, "|better|" }, { 3, "|best|" }, { 0 } };
static const struct step has[] = {
    { 1, "|—|–|-|−|×|✕|✗|no|none|false|n|なし|無し|無|非対応|not included|" },
    { 2, "|✓|✔|○|◯|◎|yes|true|y|あり|有り|有|対応|込み|付き|included|" },
    { 0 }
};
static const struct step gender[] = {
    { GENDER_MEN, "|m|men|mens|men's|man|male|メンズ|男性|男性用|紳士|" },
    { GENDER_WOMEN, "|w|f|women|womens|women's|woman|female|ladies|レディース|女性|女性用|婦人|" },
    { GENDER_EITHER, "|u|unisex|ユニセックス|男女兼用|男女共用|兼用|all|" },
    { GENDER_CHILDREN, "|k|kids|kid|children|boys|girls|キッズ|子供|子ども|こども|ジュニア|" },
    { 0 }
};
static const struct step sizes[] = { { 1, "|xxs|3s|" },
                                     { 2, "|xs|ss|2s|" },
                                     { 3, "|s|small|小|" },
                                     { 4, "|m|medium|中|" },
                                     { 5, "|l|large|大|" },
                                     { 6, "|xl|ll|2l|特大|" },
                                     { 7, "|xxl|2xl|3l|" },
                                     { 8, "|xxxl|3xl|4l|" },
                                     { 9, "|4xl|5l|" },
                                     { 10, "|f|free|フリー|フリーサイズ|one size|os|" },
                                     { 0 } };

static const struct step *const vocabularies[VOCABULARIES] = {
    [VOCABULARY_LOW_HIGH] = low_high, [VOCABULARY_TIERS] = tiers,   [VOCABULARY_PINE] = pine,
    [VOCABULARY_GRADE] = grade,       [VOCABULARY_MEDALS] = medals, [VOCABULARY_GOOD] = good,
    [VOCABULARY_HAS] = has,           [VOCABULARY_GENDER] = gender, [VOCABULARY_SIZES] = sizes,
};

/* Is @word one of @words, "|a|b|"? */
static bool is_among(struct str word, const char *words)
{
    char barred[WORD_MAX_BYTES + 2];
    if (word.len == 0 || word.len > WORD_MAX_BYTES || memchr(word.at, '|', word.len))
        return false;
    barred[0] = barred[word.len + 1] = '|';
    memcpy(barred + 1, word.at, word.len);
    return str_contains(str_of(words), (struct str){ barred, word.len + 2 });
}

int vocabulary_step(enum vocabulary vocabulary, struct str word)
{
    for (const struct step *step = vocabularies[vocabulary]; step->step; step++)
        if (is_among(word, step->words))
            return step->step;
    return 0;
}

bool vocabulary_holds(enum vocabulary vocabulary, uint32_t steps)
{
    uint32_t at_least_two = steps & (steps - 1);
    switch (vocabulary) {
    case VOCABULARY_LOW_HIGH: return at_least_two && steps & 1u << 3;
    case VOCABULARY_GENDER:
        return at_least_two && steps & (1u << GENDER_WOMEN | 1u << GENDER_CHILDREN);
    case VOCABULARY_MEDALS: return at_least_two && steps & (1u << 1 | 1u << 4 | 1u << 5);
    case VOCABULARY_SIZES: return steps != 0;
    default: return at_least_two;
    }
}

/* ── names of attributes ─────────────────────────────────────────────────────────────────────── */

static bool any_is(struct str name, const char *words)
{
    return is_among(name, words);
}

/* Does @name hold one of these NULL-ended @parts? */
static bool any_in(struct str name, const char *const *parts)
{
    for (; *parts; parts++)
        if (str_contains(name, str_of(*parts)))
            return true;
    return false;
}

enum name_says attribute_name_says(struct str name)
{
    static const char *const noise[] = { "url",  "image", "画像",    "barcode",
                                         "jan",  "gtin",  "説明",    "description",
                                         "備考", "note",  "keyword", NULL };
    static const char *const fit[] = { "fits",      "compat",    "対応機種",   "適合",
                                       "mount",     "マウント",  "socket",     "ソケット",
                                       "plug",      "プラグ",    "voltage",    "電圧",
                                       "platform",  "shoe_size", "frame_size", "フレームサイズ",
                                       "size_unit", NULL };
    static const char *const taste[] = { "colour",  "color",  "カラー", "色",   "pattern",
                                         "柄",      "finish", "scent",  "香り", "flavor",
                                         "flavour", "味",     NULL };
    static const char *const less[] = { "weight",   "重量", "重さ",        "aperture", "f値",
                                        "noise",    "騒音", "consumption", "消費",     "latency",
                                        "response", "応答", "charge_time", "充電時間", NULL };
    static const char *const more[] = {
        "load",   "荷重",   "capacity",   "容量",     "max_weight", "pixel",  "画素",
        "cores",  "コア",   "ports",      "ポート数", "sheets",     "枚数",   "items",
        "入数",   "spf",    "fps",        "battery",  "seats",      "guests", "storage",
        "memory", "メモリ", "ストレージ", NULL
    };

    if (any_is(name, "|id|code|mpn|ean|upc|asin|品番|型番|管理番号|") ||
        str_ends_with(name, STR("_id")) || str_ends_with(name, STR("_code")) || any_in(name, noise))
        return NAME_SAYS_NOISE;
    if (any_is(name, "|size|サイズ|寸法|os|waist|ウエスト|inseam|丈|") || any_in(name, fit))
        return NAME_SAYS_FIT;
    if (any_in(name, taste))
        return NAME_SAYS_TASTE;
    if (any_in(name, more))
        return NAME_SAYS_MORE;
    if (any_in(name, less))
        return NAME_SAYS_LESS;
    return NAME_SAYS_NOTHING;
}

int dimension_better(enum quantity_dimension dimension)
{
    switch (dimension) {
    case QUANTITY_BYTES:
    case QUANTITY_AREA:
    case QUANTITY_POWER:
    case QUANTITY_ENERGY:
    case QUANTITY_CHARGE:
    case QUANTITY_FREQUENCY:
    case QUANTITY_PIXELS:
    case QUANTITY_RATE:
    case QUANTITY_FRAMES:
    case QUANTITY_HOURS:
    case QUANTITY_MONTHS:
    case QUANTITY_COUNT:
    case QUANTITY_PEOPLE:
    case QUANTITY_LIGHT: return 1;
    case QUANTITY_NOISE: return -1;
    case QUANTITY_MASS: /* a weight by its name, a content by the product's */
    case QUANTITY_PLAIN:
    case QUANTITY_LENGTH:
    case QUANTITY_VOLUME:
    case QUANTITY_VOLTAGE:
    case QUANTITY_CURRENT:
    case QUANTITY_PERCENT:
    case QUANTITY_DIMENSIONS: break;
    }
    return 0;
}

/* ── names of products ───────────────────────────────────────────────────────────────────────── */

enum { SIDE_WORDS = 5 };
static const struct {
    const char *one[SIDE_WORDS], *other[SIDE_WORDS];
} opposites[] = {
    { { "front", "フロント", "前輪" }, { "rear", "リア", "後輪" } },
    { { "left", "左", NULL }, { "right", "右", NULL } },
    { { "men", "メンズ", "紳士" }, { "women", "レディース", "婦人" } },
    { { "upper", "アッパー", NULL }, { "lower", "ロワー", NULL } },
    { { "indoor", "室内", "屋内" }, { "outdoor", "屋外", NULL } },
    { { "long-sleeve", "long-sleeved", "long sleeve", "long sleeved", "長袖" },
      { "short-sleeve", "short-sleeved", "short sleeve", "short sleeved", "半袖" } },
};

static bool is_ascii_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* ASCII words count as whole words ("mens" and "men's" as men), others wherever they stand. */
static bool is_word_at(struct str name, size_t at, const char *word)
{
    size_t len = strlen(word);
    if (at + len > name.len || memcmp(name.at + at, word, len) != 0)
        return false;
    if (!is_ascii_letter(word[0]))
        return true;
    size_t end = at + len + (at + len < name.len && name.at[at + len] == 's');
    return end >= name.len || !is_ascii_letter(name.at[end]);
}

static bool any_at(struct str name, size_t at, const char *const *words)
{
    for (int i = 0; i < SIDE_WORDS && words[i]; i++)
        if (words[i][0] == name.at[at] && is_word_at(name, at, words[i]))
            return true;
    return false;
}

uint32_t name_sides(struct str name)
{
    uint32_t sides = 0;
    for (size_t at = 0; at < name.len; at++) {
        if (at > 0 && is_ascii_letter(name.at[at]) && is_ascii_letter(name.at[at - 1]))
            continue; /* within a word */
        for (size_t i = 0; i < sizeof opposites / sizeof *opposites; i++) {
            if (any_at(name, at, opposites[i].one))
                sides |= 1u << (2 * i);
            if (any_at(name, at, opposites[i].other))
                sides |= 2u << (2 * i);
        }
    }
    return sides;
}

bool sides_clash(uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < sizeof opposites / sizeof *opposites; i++) {
        uint32_t one = a >> (2 * i) & 3, other = b >> (2 * i) & 3;
        if (one && other && !(one & other))
            return true;
    }
    return false;
}

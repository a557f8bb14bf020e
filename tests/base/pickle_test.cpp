#include "tvr/base/pickle.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "array_values.h"
#include "damage.h"
#include "pickle_text.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A literal with NULs in it.
template <size_t Size>
std::string raw(const char (&text)[Size]) {
  return {text, Size - 1};
}
std::string text_of(const std::string& pickle) {
  const auto read = read_pickle(pickle, "a.pkl");
  EXPECT_EQ(read.size(), pickle.size());
  return test::text_of(&read.root());
}
std::string refusal(const std::string& pickle) {
  const auto sentence = test::refusal_of([&] { read_pickle(pickle, "a.pkl"); });
  EXPECT_TRUE(sentence.empty() || sentence.starts_with("a.pkl: the pickle in it cannot be read (byte ")) << sentence;
  return sentence;
}
std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(Pickle, ReadsWhatPythonWritesInEveryProtocol) {
  const std::string long_text(300, 'x');
  const std::string texts = "['', 'plain', 'quote ' and \" and \\', 'tab\tnewline\n', 'é 漢 🎬', '" + long_text + "']";
  for (const char* file : {"protocol_0.pkl", "protocol_2.pkl", "protocol_4.pkl"}) {
    const auto text = text_of(read_file(test::golden(file)));
    EXPECT_THAT(text, testing::StartsWith(
                          "{'numbers': [0, 255, 256, 65535, 65536, -1, 2147483648, -2147483648, 9223372036854775807, "
                          "-9223372036854775808, big x000000000000008000, big xffffffffffffff7fff, "
                          "big x0000000000000000000001], 'floats': [0.500000, -1"))
        << file;
    EXPECT_THAT(text, HasSubstr(", inf], 'texts': " + texts +
                                ", 1: None, 2: True, 3: False, 'tuples': [(), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4)], " +
                                "'shared': [" + texts + ", " + texts + "], 'map': {'a': {}, 'b': []}"))
        << file;
    EXPECT_THAT(text, HasSubstr("'ordered': <collections.OrderedDict>(")) << file;
  }
}

TEST(Pickle, ReadsNumbers) {
  EXPECT_EQ(text_of("N."), "None");
  EXPECT_EQ(text_of("I01\n."), "True");
  EXPECT_EQ(text_of("I00\n."), "False");
  EXPECT_EQ(text_of("\x88."), "True");
  EXPECT_EQ(text_of("I-12\n."), "-12");
  EXPECT_EQ(text_of("L123L\n."), "123");
  EXPECT_EQ(text_of("L-9223372036854775809L\n."), "big xffffffffffffff7fff");
  EXPECT_EQ(text_of("K\xFF."), "255");
  EXPECT_EQ(text_of("M\x01\x02."), "513");
  EXPECT_EQ(text_of("J\xFE\xFF\xFF\xFF."), "-2");
  EXPECT_EQ(text_of(raw("\x8A\0.")), "0");
  EXPECT_EQ(text_of("\x8A\x01\xFF."), "-1");
  EXPECT_EQ(text_of(raw("\x8A\x02\xFF\0.")), "255");
  EXPECT_EQ(text_of(raw("\x8A\x0A\x01\0\0\0\0\0\0\0\0\0.")), "1");
  EXPECT_EQ(text_of(raw("\x8A\x09\0\0\0\0\0\0\0\0\x01.")), "big x000000000000000001");
  EXPECT_EQ(text_of(raw("\x8B\x02\0\0\0\x01\x80.")), "-32767");
  EXPECT_EQ(text_of("F-2.5\n."), "-2.500000");
  EXPECT_EQ(text_of(raw("G\x3F\xF8\0\0\0\0\0\0.")), "1.500000");
}

TEST(Pickle, ReadsTexts) {
  EXPECT_EQ(text_of("S'a\\x41\\n\\101\\'\\\\\\q'\n."), "'aA\nA'\\\\q'");
  EXPECT_EQ(text_of("S\"it's\"\n."), "'it's'");
  EXPECT_EQ(text_of("S'\\xff'\n."), "xff");
  EXPECT_EQ(text_of(raw("T\x02\0\0\0ab.")), "'ab'");
  EXPECT_EQ(text_of("U\x02"
                    "ab."),
            "'ab'");
  EXPECT_EQ(text_of("U\x01\xE9."), "xe9");
  EXPECT_EQ(text_of("V\\u00e9\\U0001f3ac\xE9\\\\u\n."), "'é🎬é\\\\u'");
  EXPECT_EQ(text_of(raw("X\x02\0\0\0\xC3\xA9.")), "'é'");
  EXPECT_EQ(text_of("\x8C\x01"
                    "a."),
            "'a'");
  EXPECT_EQ(text_of(raw("\x8D\x01\0\0\0\0\0\0\0a.")), "'a'");
  EXPECT_EQ(text_of(raw("B\x01\0\0\0\xFF.")), "xff");
  EXPECT_EQ(text_of("C\x01\xFF."), "xff");
  EXPECT_EQ(text_of(raw("\x8E\x01\0\0\0\0\0\0\0\xFF.")), "xff");
  EXPECT_EQ(text_of(raw("\x96\x01\0\0\0\0\0\0\0\xFF.")), "xff");
}

TEST(Pickle, ReadsContainers) {
  EXPECT_EQ(text_of("]."), "[]");
  EXPECT_EQ(text_of("(K\x01K\x02l."), "[1, 2]");
  EXPECT_EQ(text_of("]K\x01"
                    "a(K\x02K\x03"
                    "e."),
            "[1, 2, 3]");
  EXPECT_EQ(text_of(")."), "()");
  EXPECT_EQ(text_of("(K\x01t."), "(1)");
  EXPECT_EQ(text_of("K\x01\x85."), "(1)");
  EXPECT_EQ(text_of("K\x01K\x02\x86."), "(1, 2)");
  EXPECT_EQ(text_of("K\x01K\x02K\x03\x87."), "(1, 2, 3)");
  EXPECT_EQ(text_of("\x8F(K\x01\x90."), "set{1}");
  EXPECT_EQ(text_of("(K\x01\x91."), "frozenset{1}");
  EXPECT_EQ(text_of("(K\x01K\x02"
                    "d."),
            "{1: 2}");
  EXPECT_EQ(text_of("}K\x01K\x02s(K\x03K\x04K\x01K\x06u."), "{1: 2, 3: 4, 1: 6}");
}

TEST(Pickle, KeepsStackAndMemo) {
  EXPECT_EQ(text_of("K\x01K\x02"
                    "0."),
            "1");
  EXPECT_EQ(text_of("K\x01(0."), "1");  // takes the mark
  EXPECT_EQ(text_of("K\x01(K\x02K\x03"
                    "1."),
            "1");
  EXPECT_EQ(text_of("K\x01"
                    "2\x86."),
            "(1, 1)");
  EXPECT_EQ(text_of("K\x07p1\n0g1\n."), "7");
  EXPECT_EQ(text_of(raw("K\x07q\x02\x30h\x02.")), "7");
  EXPECT_EQ(text_of(raw("K\x07r\x02\0\0\0j\x02\0\0\0\x86.")), "(7, 7)");
  EXPECT_EQ(text_of(raw("K\x07\x94K\x08\x94h\0h\x01\x86.")), "(7, 8)");
  EXPECT_EQ(text_of(raw("\x80\x04\x95\x02\0\0\0\0\0\0\0N.")), "None");
  const auto first = read_pickle("K\x01.K\x02.", "");
  EXPECT_EQ(first.size(), 3u);  // another one may follow
}

TEST(Pickle, KeepsObjectsAsWhatWouldHaveBeenCalled) {
  EXPECT_EQ(text_of("cos\nsystem\n."), "<os.system>");
  EXPECT_EQ(text_of("\x8C\x02os\x8C\x06system\x93."), "<os.system>");
  EXPECT_EQ(text_of("cos\nsystem\n(S'ls'\ntR."), "<os.system>('ls')");
  EXPECT_EQ(text_of("cA\nB\n)\x81."), "<A.B>()");
  EXPECT_EQ(text_of("cA\nB\nK\x01\x85}\x92."), "<A.B>(1) keywords {}");
  EXPECT_EQ(text_of("cA\nB\n)}K\x01K\x02s\x92."), "<A.B>() keywords {1: 2}");
  EXPECT_EQ(text_of("(K\x01iA\nB\n."), "<A.B>(1)");
  EXPECT_EQ(text_of("(cA\nB\nK\x01o."), "<A.B>(1)");
  EXPECT_EQ(text_of("cA\nB\n)R)R."), "<A.B>()()");
  EXPECT_EQ(text_of("cA\nB\n)RK\x05"
                    "b."),
            "<A.B>() state 5");
  EXPECT_EQ(text_of("cA\nB\n)RK\x01"
                    "a(K\x02"
                    "e."),
            "<A.B>() items [1, 2]");
  EXPECT_EQ(text_of("cA\nB\n)RK\x01K\x02s."), "<A.B>() items {1: 2}");
  EXPECT_EQ(text_of("Pabc\n."), "persistent 'abc'");
  EXPECT_EQ(text_of("K\x01Q."), "persistent 1");
}

TEST(Pickle, TellsEveryGlobalUsedOrNot) {
  const auto pickle = read_pickle(
      "cos\nsystem\n0cA\nB\n0(iC\nD\n0\x8C\x01"
      "E\x8C\x01"
      "F\x93\x30N.",
      "");
  EXPECT_THAT(pickle.globals(), ElementsAre("A.B", "C.D", "E.F", "os.system"));
}

TEST(Pickle, RefusesWhatIsMalformed) {
  EXPECT_THAT(refusal("\xFF"), HasSubstr("(byte 0, opcode 0xff): there is no such opcode"));
  EXPECT_THAT(refusal("Ix\n."), HasSubstr("malformed"));
  EXPECT_THAT(refusal("L" + std::string(39, '9') + "L\n."), HasSubstr("malformed"));
  EXPECT_THAT(refusal("F1.5x\n."), HasSubstr("malformed"));
  for (const char* text : {"S'a\n.", "Sa\n.", "S'\n.", "S'\\x4'\n.", "S'\\'\n."})
    EXPECT_THAT(refusal(text), HasSubstr("malformed")) << text;
  for (const char* text : {"V\\u12\n.", "V\\ud800\n.", "V\\U00110000\n."})
    EXPECT_THAT(refusal(text), HasSubstr("malformed")) << text;
  EXPECT_THAT(refusal("\x8C\x01\xFF."), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(refusal("gx\n."), HasSubstr("a place of the memo is malformed"));
  EXPECT_THAT(refusal("K\x01p-1\n."), HasSubstr("a place of the memo is malformed"));
  EXPECT_THAT(refusal("K\x01r\xFF\xFF\xFF\xFF."), HasSubstr("the memo has no place 4294967295"));
  EXPECT_THAT(refusal("h\x05."), HasSubstr("nothing was put into the memo at place 5"));
  EXPECT_THAT(refusal("K\x01K\x02q\x03h\x01."), HasSubstr("nothing was put"));
}

TEST(Pickle, RefusesOperationsOnTheWrongValues) {
  for (const char* pickle : {".",
                             "0",
                             "2",
                             "q\x01",
                             "a",
                             "]a",
                             "K\x01s",
                             "}K\x01s",
                             "\x85",
                             "K\x01\x86",
                             "R",
                             ")R",
                             "b",
                             "K\x01"
                             "b",
                             "Q",
                             "\x93",
                             "K\x01\x93",
                             "(.",
                             "K\x01(.",
                             "K\x01(q\x01",
                             "K\x01(\x85"})
    EXPECT_THAT(refusal(pickle), HasSubstr("a value that is not there")) << pickle;
  for (const char* pickle : {"l", "t", "d", "]e", "}u", "1", "o", "iA\nB\n", "\x91", "\x8F\x90"})
    EXPECT_THAT(refusal(pickle), HasSubstr("a mark that is not there")) << pickle;
  EXPECT_THAT(refusal("(o"), HasSubstr("a value that is not there"));
  for (const char* pickle : {")K\x01"
                             "a",
                             "K\x01K\x02"
                             "a",
                             "\x8FK\x01"
                             "a",
                             "](K\x01\x90",
                             "}K\x01"
                             "a",
                             "cA\nB\n)RK\x01K\x02sK\x01"
                             "a"})
    EXPECT_THAT(refusal(pickle), HasSubstr("adds items to something that takes none")) << pickle;
  for (const char* pickle : {"]K\x01K\x02s", "](u",
                             "cA\nB\n)RK\x01"
                             "aK\x01K\x02s"})
    EXPECT_THAT(refusal(pickle), HasSubstr("no dictionary")) << pickle;
  EXPECT_THAT(refusal("(K\x01"
                      "d"),
              HasSubstr("has no value"));
  EXPECT_THAT(refusal("K\x01)R"), HasSubstr("calls something that is no function"));
  EXPECT_THAT(refusal("cA\nB\n]R"), HasSubstr("no tuple"));
  EXPECT_THAT(refusal("cA\nB\n)]\x92"), HasSubstr("no dictionary"));
  EXPECT_THAT(refusal("K\x01K\x02\x93"), HasSubstr("is no text"));
  EXPECT_THAT(refusal("]K\x01"
                      "b"),
              HasSubstr("sets the state"));
  EXPECT_THAT(refusal("cA\nB\n)RK\x01"
                      "bK\x01"
                      "b"),
              HasSubstr("sets the state"));
  EXPECT_THAT(refusal("c" + std::string(300, 'a') + "\nB\n."), HasSubstr("too long"));
}

TEST(Pickle, RefusesWhatIsNotInTheFile) {
  for (const char* pickle : {"\x82\x01.", "\x83\x01\x01.", "\x84\x01\x01\x01\x01."})
    EXPECT_THAT(refusal(pickle), HasSubstr("extension registry"));
  EXPECT_THAT(refusal("\x97."), HasSubstr("buffer that is not part"));
  EXPECT_THAT(refusal("N\x98."), HasSubstr("buffer that is not part"));
  EXPECT_THAT(refusal("\x80\x06."), HasSubstr("newer protocol"));
}

TEST(Pickle, RefusesLengthsBeyondItsEndBeforeItAllocates) {
  for (const auto& pickle : {raw("X\xFF\xFF\xFF\x7F."), raw("\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF."),
                             raw("\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F."), raw("\x8B\xFF\xFF\xFF\xFF."),
                             raw("\x95\xFF\xFF\0\0\0\0\0\0N."), raw("T\xFF\xFF\xFF\xFF."), raw("\x8A\xFF.")})
    EXPECT_THAT(refusal(pickle), HasSubstr("cut short"));
}

TEST(Pickle, RefusesDeepNesting) {
  const auto nested = [](int depth) { return repeated("]", depth) + repeated("a", depth - 1) + "."; };
  EXPECT_EQ(refusal(nested(Pickle::kMaxDepth)), "");
  EXPECT_THAT(refusal(nested(Pickle::kMaxDepth + 1)), HasSubstr("nested more than 500 levels"));
  EXPECT_THAT(refusal(nested(1'000'000)), HasSubstr("nested more than 500 levels"));
  EXPECT_THAT(refusal(repeated("(", 1'000'000) + repeated("t", 1'000'000) + "."), HasSubstr("nested more"));
  EXPECT_THAT(refusal("cA\nB\n" + repeated(")R", 1'000'000) + "."), HasSubstr("nested more"));
  EXPECT_THAT(refusal("N" + repeated("Q", 1'000'000) + "."), HasSubstr("nested more"));
}

TEST(Pickle, RefusesCycles) {
  EXPECT_THAT(refusal("]q\x01h\x01"
                      "a."),
              HasSubstr("refers to itself"));
  EXPECT_THAT(refusal("}q\x01K\x01h\x01s."), HasSubstr("refers to itself"));
  EXPECT_THAT(refusal("cA\nB\n)Rq\x01h\x01"
                      "b."),
              HasSubstr("refers to itself"));
  EXPECT_THAT(refusal("]q\x01]q\x02h\x01"
                      "aah\x02."),
              HasSubstr("refers to itself"));
  EXPECT_EQ(refusal("]q\x01h\x01"
                    "a0N."),
            "");  // nobody sees it
}

TEST(Pickle, RefusesValuesThatUnfoldWithoutEnd) {
  std::string laughs =
      "]p0\nK\x01"
      "a0";
  for (int level = 1; level < 30; ++level)
    laughs += "]p" + std::to_string(level) + "\n(" + repeated("g" + std::to_string(level - 1) + "\n", 10) + "e0";
  EXPECT_THAT(refusal(laughs + "g29\n."), HasSubstr("so often"));
  const std::string text = raw("X\0\0\x10\0") + std::string(1 << 20, 'x');  // a megabyte, named 10,000 times
  EXPECT_THAT(refusal(text +
                      "q\x01"
                      "0](" +
                      repeated("h\x01", 10'000) + "e."),
              HasSubstr("so often"));
  EXPECT_EQ(refusal("]q\x01"
                    "0](" +
                    repeated("h\x01", 100'000) + "e."),
            "");
}

TEST(Pickle, SurvivesAnyDamage) {
  for (const char* file : {"protocol_0.pkl", "protocol_2.pkl", "protocol_4.pkl"}) {
    const auto whole = read_file(test::golden(file));
    const auto read = [](const std::string& bytes) { read_pickle(bytes, "a.pkl"); };
    test::expect_refuses_cuts(whole, read);
    test::expect_survives_changes(whole, read);
  }
}

// "a cat walks" of the JSON file is ["a", "cat", "walks"] in the pickle.
std::string sentence_of(PickleRef words) {
  std::string sentence;
  for (const PickleRef word : std::get<PickleSequence>(words->value).items)
    sentence += (sentence.empty() ? "" : " ") + std::get<std::string>(word->value);
  return sentence;
}

TEST(Pickle, ReadsTheCaptionsOfMsvd) {
  const char* data = std::getenv("TVR_TEST_DATA");
  const auto folder = std::filesystem::path(data == nullptr ? "" : data) / "msvd";
  if (data == nullptr || !std::filesystem::exists(folder)) GTEST_SKIP() << "TVR_TEST_DATA holds no msvd folder";
  const auto pickle = read_pickle(read_file(folder / "raw-captions.pkl"), "raw-captions.pkl");
  const auto expected = nlohmann::ordered_json::parse(read_file(folder / "captions_msvd.json"));
  const auto& videos = std::get<PickleMap>(pickle.root().value).items;
  ASSERT_EQ(videos.size(), 1970u);
  ASSERT_EQ(expected.size(), 1970u);
  size_t captions = 0, video = 0;
  for (const auto& [name, sentences] : expected.items()) {
    const auto& [key, list] = videos[video++];
    ASSERT_EQ(std::get<std::string>(key->value), name);
    std::vector<std::string> found;
    for (const PickleRef words : std::get<PickleSequence>(list->value).items) found.push_back(sentence_of(words));
    ASSERT_EQ(found, sentences.get<std::vector<std::string>>()) << name;
    captions += found.size();
  }
  EXPECT_EQ(captions, 80'827u);
}

}  // namespace
}  // namespace tvr

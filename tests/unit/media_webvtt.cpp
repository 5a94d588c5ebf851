#include "media/webvtt.hpp"

#include <iconv.h>

#include "catch.hpp"
#include "fault_of.hpp"
#include "media/text_encoding.hpp"

using namespace video;
using namespace video::media;
using namespace video::test;
using namespace std::string_view_literals;

namespace {

constexpr std::size_t enough = 1 << 20;

std::string vttOf(std::string_view bytes) {
  return toWebVtt(bytes, enough);
}

// The cues of a result, without the head.
std::string cuesIn(std::string_view bytes) {
  const std::string vtt = vttOf(bytes);
  REQUIRE(vtt.starts_with("WEBVTT\n\n"));
  CHECK(vttOf(vtt) == vtt);
  return vtt.substr(8);
}

std::string srt(const std::string& text) {
  return "1\n00:00:01,000 --> 00:00:02,000\n" + text + "\n";
}

// The text of the only cue.
std::string shown(const std::string& text) {
  const std::string cues = cuesIn(srt(text));
  const std::size_t line = cues.find('\n');
  CHECK(cues.substr(0, line) == "00:00:01.000 --> 00:00:02.000");
  return cues.substr(line + 1, cues.size() - line - 2);
}

std::string encoded(const std::string& text, const char* encoding) {
  const iconv_t handle = ::iconv_open(encoding, "UTF-8");
  REQUIRE(handle != iconv_t(-1));
  std::string out(text.size() * 4, '\0');
  char* from = const_cast<char*>(text.data());
  std::size_t left = text.size();
  char* to = out.data();
  std::size_t room = out.size();
  REQUIRE(::iconv(handle, &from, &left, &to, &room) != static_cast<std::size_t>(-1));
  ::iconv_close(handle);
  out.resize(out.size() - room);
  return out;
}

}  // namespace

TEST_CASE("SubRip becomes WebVTT, whatever ends its lines") {
  const std::string wanted = "00:00:01.000 --> 00:00:02.500\nOne\ntwo\n\n00:01:00.000 --> 01:00:00.000\nThree\n";
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string file;
    for (const char* line : {"1", "00:00:01,000 --> 00:00:02,500", "One", "two", "", "2",
                             "00:01:00,000 --> 01:00:00,000 X1:10 X2:20", "Three", ""})
      file += line + end;
    CHECK(cuesIn(file) == wanted);
  }
}

TEST_CASE("SubRip without blank lines, with other points and in another order is understood") {
  CHECK(cuesIn("2\n0:1:0.5 -->0:1:1\nlater\n3\n00:00:01,000-->00:00:02,000\nsooner") ==
        "00:00:01.000 --> 00:00:02.000\nsooner\n\n00:01:00.500 --> 00:01:01.000\nlater\n");
  CHECK(cuesIn("\n\n00:00:01,000 --> 00:00:02,000\n1984\n") == "00:00:01.000 --> 00:00:02.000\n1984\n");
}

TEST_CASE("WebVTT keeps its cues and settings, and loses styles, regions, comments and identifiers") {
  CHECK(cuesIn("WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE\nnot shown\n\nfirst\n"
               "00:01.000 --> 00:02.000 align:start line:-1 region:a onclick:x position:10%,line-left\ntext\n") ==
        "00:00:01.000 --> 00:00:02.000 align:start line:-1 position:10%,line-left\ntext\n");
}

TEST_CASE("cue text has only tags of WebVTT") {
  CHECK(shown("<i>a</i> <B>b</B>") == "<i>a</i> <b>b</b>");
  CHECK(shown("<v.loud  Bob -->hi</v>") == "<v.loud  Bob>hi</v>");
  CHECK(shown("<00:00:01.500>now") == "<00:00:01.500>now");
  CHECK(shown("<script>alert(1)</script><font color=\"red\">x</font>") == "alert(1)x");
  CHECK(shown("<img src=x onerror=alert(1)>y") == "y");
  CHECK(shown("<<script>script>z") == "&lt;script&gt;z");
  CHECK(shown("1 < 2 > 0 & <b") == "1 &lt; 2 &gt; 0 &amp; &lt;b");
  CHECK(shown("a --> b &amp; &#39; &nope") == "a --&gt; b &amp; &#39; &amp;nope");
  CHECK(shown("{\\an8}up {not} {\\b1}x{\\b0}") == "up {not} x");
  CHECK(shown("a\x01\x7f"
              "b\tc") == "ab\tc");
  CHECK(shown("one\n<font>\n</font>\n") == "one");
}

TEST_CASE("a cue that shows nothing is left out, and a file of such cues is refused") {
  CHECK(cuesIn(srt("x") + "\n00:00:05,000 --> 00:00:05,000\nnever\n\n00:00:06,000 --> 00:00:04,000\nnever\n\n"
                          "00:00:07,000 --> 00:00:08,000\n<font></font>\n") == "00:00:01.000 --> 00:00:02.000\nx\n");
  CHECK(faultOf([] { vttOf("WEBVTT\n\nnothing\n"); }) == Fault::malformed);
  CHECK(faultOf([] { vttOf("1\n00:00:02,000 --> 00:00:01,000\nx\n"); }) == Fault::malformed);
}

TEST_CASE("what is neither WebVTT nor SubRip is refused by its kind") {
  for (const std::string_view bytes :
       {"hello"sv, "WEBVTTX\n"sv, "{1}{2}MicroDVD"sv, "a --> b"sv, "00:61,000 --> 00:62,000"sv,
        "\0\0\0\x18"
        "ftypmp42\xff"sv})
    CHECK(faultOf([&] { vttOf(bytes); }) == Fault::unsupportedMediaType);
  CHECK(faultOf([] { vttOf("00:00:01,000 --> 00:00:02,000\n\xff\xff\xff\n"); }) == Fault::malformed);
  CHECK(faultOf([] { toWebVtt(srt(std::string(1000, '&')), 3000); }) == Fault::tooLarge);
}

TEST_CASE("the encoding of a text is told by its bytes") {
  const std::string text = srt("Grüße, 你好 🎬");
  const std::string wanted = vttOf(text);
  CHECK(wanted.find("Grüße, 你好 🎬") != std::string::npos);
  CHECK(vttOf("\xef\xbb\xbf" + text) == wanted);
  for (const char* encoding : {"UTF-16LE", "UTF-16BE", "GB18030"}) {
    CAPTURE(encoding);
    CHECK(vttOf(encoded(text, encoding)) == wanted);
  }
  CHECK(vttOf("\xff\xfe" + encoded(text, "UTF-16LE")) == wanted);
  CHECK(vttOf("\xfe\xff" + encoded(text, "UTF-16BE")) == wanted);
  CHECK(toUtf8("") == "");
  CHECK(toUtf8("\xff\xfe\x41\x00\x42"sv) == std::nullopt);      // half a unit
  CHECK(toUtf8("\xff\xfe\x00\xd8\x41\x00"sv) == std::nullopt);  // half a surrogate pair
  CHECK(toUtf8("\xef\xbb\xbf\xff") == std::nullopt);
}

TEST_CASE("a text in an encoding that cannot be told is refused, not shown as Chinese") {
  const std::pair<const char*, std::string> texts[] = {{"WINDOWS-1252", "Grüße aus Köln, schöne Straße"},
                                                       {"WINDOWS-1252", "Garçon, l'été chère naïve"},
                                                       {"ISO-8859-2", "Příliš žluťoučký kůň"},
                                                       {"EUC-KR",
                                                        "안녕하세요 만나서 반갑습니다 오늘 날씨가 정말 "
                                                        "좋네요 우리 같이 갈까요"},
                                                       {"BIG5", "今天天氣很好，我們去公園走走吧。你在哪裡？"},
                                                       {"SHIFT_JIS", "今日はとてもいい天気ですね。ビデオ"},
                                                       {"EUC-JP", "今日はとてもいい天気ですね。ビデオ"},
                                                       {"WINDOWS-1251", "Привет, как дела сегодня"}};
  for (const auto& [encoding, text] : texts) {
    CAPTURE(encoding);
    CHECK(faultOf([&, bytes = encoded(srt(text), encoding)] { vttOf(bytes); }) == Fault::malformed);
  }
  const std::string chinese =
      "今天天气很好，我们去公园走走吧。你在哪里？"
      "这是什么意思？请等一下！";
  CHECK(shown(chinese) == chinese);
  CHECK(vttOf(encoded(srt(chinese), "GB18030")) == vttOf(srt(chinese)));
}

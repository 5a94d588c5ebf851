// Files of comments with positions: what each format says, and that what is written is read again.
#include "comments/formats.hpp"

#include <zlib.h>

#include <cstring>
#include <map>

#include "catch.hpp"
#include "fault_of.hpp"

using namespace video;
using namespace video::danmaku;
using video::test::faultOf;

namespace {

class TextFile : public ContentReader {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    if (offset >= text_.size()) return 0;
    const std::size_t count = std::min(to.size(), text_.size() - static_cast<std::size_t>(offset));
    std::memcpy(to.data(), text_.data() + offset, count);
    return count;
  }

 private:
  std::string text_;
};

struct Read : RowSink {
  void take(Comment comment) override { rows.push_back(std::move(comment)); }
  void skip(CommentSkip reason) override { ++skipped[reason]; }

  CommentFormat format{};
  std::vector<Comment> rows;
  std::map<CommentSkip, int> skipped;
};

Read read(std::string text, std::optional<CommentFormat> wanted = {}, const Bounds& bounds = {}) {
  TextFile file(std::move(text));
  Read result;
  result.format = readRows(file, wanted, result, bounds);
  return result;
}

std::string write(CommentFormat format, const std::vector<Comment>& rows) {
  std::string out;
  const auto writer = writerOf(format);
  writer->begin(out);
  for (const Comment& row : rows) writer->add(out, row);
  writer->end(out);
  return out;
}

std::string packed(const std::string& text, int windowBits) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(text.size() + 1000, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Comment row(std::int64_t ms, std::string text, CommentMode mode = CommentMode::scroll, std::int64_t color = whiteColor,
            CommentSize size = CommentSize::normal) {
  Comment comment;
  comment.id.text = "0193aaaa-0000-7000-8000-000000000001";
  comment.positionMs = ms;
  comment.content = std::move(text);
  comment.mode = mode;
  comment.color = color;
  comment.size = size;
  comment.time = Time{std::chrono::seconds{1'600'000'000}};
  comment.author = "ada";
  return comment;
}

std::vector<Comment> samples() {
  return {row(0, "first"),
          row(1230, "a < b & c > d \"quoted\", {\\an8} \\N", CommentMode::top, 0xff0000, CommentSize::small),
          row(1230, "弹幕🎬", CommentMode::bottom, 0x00cd00, CommentSize::big),
          row(2000, "and/nor --> https://a.example/news\n\n\n00:00:01,000 --> 00:00:09,000\nend"),
          row(61'050, " two\n lines ", CommentMode::reverse, 0),
          row(3'723'450, "=1+2", CommentMode::scroll, 0x0000ff)};
}

constexpr const char* bilibili = R"(<?xml version="1.0" encoding="UTF-8"?>
<i><chatserver>chat.bilibili.com</chatserver><chatid>1</chatid><maxlimit>500</maxlimit>
<!-- <d p="1,1,25,16777215,1,0,a,9">no comment</d> -->
<d p="490.19100,1,25,16777215,1584268892,0,a16fe0dd,29950852386521095">scroll &amp; &lt;b&gt; &#x4e2d;</d>
<d p="0.5,4,36,255,1584268893,0,4fe08d3,2,10">bottom</d>
<d p="1,5,18,16711680,1584268894,1,x,3">top</d>
<d p="2,6,12,52480,1584268895,0,y,4,5">reverse</d>
<d p="3,1,64,1,1584268896,0,z,5" user="Anna">R&D <3 /n next</d>
<d p="3,2,25,1,1584268896,1,z,12">the second mode</d>
<d p="3,3,45,1,1584268896,0,z,13,0">the third mode</d>
<d p="4,7,25,1,1,2,z,6">[0,0,"1-1",4.5,"x"]</d>
<d p="4,9,25,1,1,2,z,7">def text</d>
<d p="4,0,25,1,1,2,z,8">mode</d>
<d p="later,1,25,1,1,0,z,9">position</d>
<d p="4,1">fields</d>
<d p="5,1,25,1,1,0,z,10">   </d>
<d p="6,1,25,16777215,0,0,,">no sender</d>
<d p='7,1,25,16777215,1,0,q,11'><![CDATA[<raw> & ]]></d>
</i>
)";

}  // namespace

TEST_CASE("Bilibili's XML is read, even if it is not well-formed") {
  const Read file = read(bilibili);
  CHECK(file.format == CommentFormat::bilibili);
  REQUIRE(file.rows.size() == 9);
  const Comment& first = file.rows[0];
  CHECK(first.positionMs == 490'191);
  CHECK(first.mode == CommentMode::scroll);
  CHECK(first.size == CommentSize::normal);
  CHECK(first.color == 0xffffff);
  CHECK(first.time == Time{std::chrono::seconds{1'584'268'892}});
  CHECK(first.importedAuthor == "a16fe0dd");
  CHECK(first.sourceId == "bilibili:29950852386521095");
  CHECK(first.content == "scroll & <b> 中");
  CHECK(file.rows[1].mode == CommentMode::bottom);
  CHECK(file.rows[1].importedAuthor == "4fe08d3");
  CHECK(file.rows[2].mode == CommentMode::top);
  CHECK(file.rows[2].size == CommentSize::small);
  CHECK(file.rows[3].mode == CommentMode::reverse);
  CHECK(file.rows[3].color == 52480);
  CHECK(file.rows[4].content == "R&D <3 \n next");
  CHECK(file.rows[4].importedAuthor == "Anna");
  CHECK(file.rows[4].size == CommentSize::big);
  CHECK(file.rows[5].mode == CommentMode::scroll);
  CHECK(file.rows[6].mode == CommentMode::scroll);
  CHECK_FALSE(file.rows[7].importedAuthor);
  CHECK(file.rows[7].time == Time{});
  CHECK(file.rows[7].sourceId->starts_with("hash:"));
  CHECK(file.rows[8].content == "<raw> & ");
  CHECK(file.skipped == std::map<CommentSkip, int>{{CommentSkip::special, 2},
                                                   {CommentSkip::mode, 1},
                                                   {CommentSkip::position, 1},
                                                   {CommentSkip::syntax, 1},
                                                   {CommentSkip::text, 1}});
}

TEST_CASE("control bytes and broken UTF-8 in a file do no harm") {
  const Read file = read("<i><d p=\"1,1,25,0,1,0,a\x01,1\">x\x08\x1f\x7f y\xff\xc3</d></i>");
  REQUIRE(file.rows.size() == 1);
  CHECK(file.rows[0].content == "x y\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(file.rows[0].importedAuthor == "a");
}

TEST_CASE("Bilibili's XML is the same after reading and writing for modes 1 to 6") {
  const std::vector<Comment> first = read(bilibili).rows;
  const std::string written = write(CommentFormat::bilibili, first);
  const Read second = read(written);
  REQUIRE(second.rows.size() == first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    INFO(first[i].content);
    CHECK(second.rows[i].positionMs == first[i].positionMs);
    CHECK(second.rows[i].mode == first[i].mode);
    CHECK(second.rows[i].color == first[i].color);
    CHECK(second.rows[i].size == first[i].size);
    CHECK(second.rows[i].time == first[i].time);
    CHECK(second.rows[i].importedAuthor == first[i].importedAuthor);
    CHECK(second.rows[i].content == first[i].content);
    CHECK(second.rows[i].sourceId == first[i].sourceId);
  }
  for (const char* const fields :
       {"490.191,1,25,16777215,1584268892,0,a16fe0dd,29950852386521095", "0.500,4,36,255,1584268893,0,4fe08d3,2,10",
        "1.000,5,18,16711680,1584268894,1,x,3", "2.000,6,12,52480,1584268895,0,y,4,5",
        "3.000,1,64,1,1584268896,0,Anna,5", "3.000,2,25,1,1584268896,1,z,12", "3.000,3,45,1,1584268896,0,z,13,0"}) {
    INFO(fields);
    CHECK(written.find("<d p=\"" + std::string(fields) + "\">") != std::string::npos);
  }
  CHECK(second.skipped.empty());
}

TEST_CASE("what was exported is imported with all fields that the format has") {
  const CommentFormat format = GENERATE(CommentFormat::bilibili, CommentFormat::ass, CommentFormat::srt,
                                        CommentFormat::vtt, CommentFormat::ndjson, CommentFormat::csv);
  const std::string text = write(format, samples());
  INFO(text);
  const Read file = read(text);
  CHECK(file.format == format);
  CHECK(file.skipped.empty());
  const std::vector<Comment> wanted = samples();
  REQUIRE(file.rows.size() == wanted.size());
  const bool isCue = format == CommentFormat::srt || format == CommentFormat::vtt;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    INFO(wanted[i].content);
    CHECK(file.rows[i].positionMs == wanted[i].positionMs);
    if (format != CommentFormat::srt || i != 1)  // has what looks like a tag of SRT
      CHECK(file.rows[i].content == wanted[i].content);
    if (!isCue) CHECK(file.rows[i].mode == wanted[i].mode);
    if (!isCue) CHECK(file.rows[i].size == wanted[i].size);
    if (format != CommentFormat::vtt) CHECK(file.rows[i].color.value_or(whiteColor) == wanted[i].color);
    if (format != CommentFormat::srt) CHECK(file.rows[i].importedAuthor == "ada");
    const bool hasTime = !isCue && format != CommentFormat::ass;
    if (hasTime) CHECK(file.rows[i].time == wanted[i].time);
  }
}

TEST_CASE("the JSON of DPlayer, Artplayer, AcFun and niconico is read") {
  const Read dplayer = read(R"({"code":0,"data":[[1.5,0,16777215,"ada","x"],[2,1,"#cd00","b","y"],[3,2,255,"c","z"],
    [4,"top","#f00","d","\ud83c\udfac"],[5,7,0,"e","mode"]]})");
  CHECK(dplayer.format == CommentFormat::dplayer);
  REQUIRE(dplayer.rows.size() == 4);
  CHECK(dplayer.rows[0].positionMs == 1500);
  CHECK(dplayer.rows[1].mode == CommentMode::top);
  CHECK(dplayer.rows[1].color == 0x00cd00);
  CHECK(dplayer.rows[2].mode == CommentMode::bottom);
  CHECK(dplayer.rows[3].color == 0xff0000);
  CHECK(dplayer.rows[3].content == "🎬");
  CHECK(dplayer.skipped.at(CommentSkip::mode) == 1);

  const Read artplayer = read(R"([{"text":"x","time":0.5,"mode":1,"color":"#ff0000","border":false,"style":{"a":1}},
    {"text":"y","time":"soon"},{"text":"z","time":2}])");
  CHECK(artplayer.format == CommentFormat::artplayer);
  REQUIRE(artplayer.rows.size() == 2);
  CHECK(artplayer.rows[0].mode == CommentMode::top);
  CHECK(artplayer.rows[0].color == 0xff0000);
  CHECK(artplayer.skipped.at(CommentSkip::position) == 1);

  const Read acfun = read(R"([[],[],[{"c":"12.3,16777215,5,25,1234,1600000000,abc","m":"x"}]])");
  CHECK(acfun.format == CommentFormat::acfun);
  REQUIRE(acfun.rows.size() == 1);
  CHECK(acfun.rows[0].positionMs == 12'300);
  CHECK(acfun.rows[0].mode == CommentMode::top);
  CHECK(acfun.rows[0].sourceId == "acfun:abc");

  const Read niconico = read(R"({"data":{"threads":[{"id":1,"comments":[
    {"id":"a","no":1,"vposMs":1500,"body":"x","commands":["184","ue","red","big"],"userId":"u","postedAt":"2022-05-01T12:00:00+09:00"},
    {"id":"b","no":2,"vposMs":-20,"body":"y","commands":[]},{"id":"c","no":3,"vposMs":1,"body":"/vote"}]}]}})");
  CHECK(niconico.format == CommentFormat::niconico);
  REQUIRE(niconico.rows.size() == 2);
  CHECK(niconico.rows[0].mode == CommentMode::top);
  CHECK(niconico.rows[0].color == 0xff0000);
  CHECK(niconico.rows[0].size == CommentSize::big);
  CHECK(niconico.rows[0].time == Time{std::chrono::seconds{1'651'374'000}});
  CHECK(niconico.rows[1].positionMs == 0);
  CHECK(niconico.skipped.at(CommentSkip::command) == 1);
}

TEST_CASE("JSON rows of an unknown shape are counted as skipped") {
  const Read dplayer = read(R"({"code":0,"data":[[1,0,255,"a","x"],[1,0,255,"a"],[1,0,255,"a","x",2],[1,0,255,"a",null],
    ["1",0,255,"a","x"],[1,0,255,"a","y",[]]]})");
  CHECK(dplayer.rows.size() == 1);
  CHECK(dplayer.skipped == std::map<CommentSkip, int>{{CommentSkip::syntax, 5}});
  const Read lines = read("{\"position_ms\":1,\"content\":\"a\"}\n{\"position_ms\":1,\"text\":\"x\"}\n{}\n");
  CHECK(lines.rows.size() == 1);
  CHECK(lines.skipped == std::map<CommentSkip, int>{{CommentSkip::syntax, 2}});
  const Read list = read(R"([{"text":"x","time":1},{"txt":"y","time":2}])");
  CHECK(list.rows.size() == 1);
  CHECK(list.skipped == std::map<CommentSkip, int>{{CommentSkip::syntax, 1}});
  const std::string large(100'000, 'x');
  const Read much = read("{\"other\":\"" + large + "\",\"position_ms\":1,\"content\":\"a\"}");
  REQUIRE(much.rows.size() == 1);
  CHECK(much.rows[0].content == "a");
}

TEST_CASE("a row of Bilibili's XML without an end is counted as skipped, and spaces around = are allowed") {
  const Read file = read(
      "<i><d p=\"1,1,25,1,1,0,a,1\">first<d p=\"2,1,25,1,1,0,a,2\">second</d><d p = "
      "\"3,1,25,1,1,0,a,3\">third</d></i>");
  REQUIRE(file.rows.size() == 2);
  CHECK(file.rows[0].content == "second");
  CHECK(file.rows[1].content == "third");
  CHECK(file.skipped == std::map<CommentSkip, int>{{CommentSkip::syntax, 1}});
}

TEST_CASE("numbers out of range in an ASS file do no harm") {
  const Read ass = read(
      "[Script Info]\n[V4+ Styles]\nFormat: Name, Fontsize, Alignment\nStyle: a,inf,1e300\nStyle: b,nan,nan\n"
      "[Events]\nFormat: Start, Style, Text\nDialogue: 0:00:01.00,a,{\\an1e300}x\nDialogue: 0:00:01.00,b,{\\annan}y\n");
  REQUIRE(ass.rows.size() == 2);
  CHECK(ass.rows[0].mode == CommentMode::top);
  CHECK(ass.rows[1].mode == CommentMode::bottom);
}

TEST_CASE("an unclosed tag is text, and a cue with too much text is skipped") {
  const std::string open(1500, '<');
  const std::string braces(1500, '{');
  CHECK(read("1\n00:00:01,000 --> 00:00:02,000\n" + open + "\n\n").rows.at(0).content == open);
  CHECK(read("WEBVTT\n\n00:01.000 --> 00:02.000\n" + open + "<b>x</b>\n\n").rows.at(0).content == open + "x");
  CHECK(
      read("[Script Info]\n[Events]\nFormat: Start, Text\nDialogue: 0:00:01.00," + braces + "\n").rows.at(0).content ==
      braces);
  // However much of it there is: this must end.
  std::string cues = "WEBVTT\n\n";
  for (int i = 0; i < 200; ++i) cues += "00:01.000 --> 00:02.000\n" + std::string(60'000, '<') + ">\n\n";
  CHECK(read(cues).skipped == std::map<CommentSkip, int>{{CommentSkip::text, 200}});
}

TEST_CASE("niconico's XML and subtitles of other programs are read") {
  const Read niconico = read(
      R"(<?xml version="1.0"?><packet><thread thread="1"/><chat thread="1" no="5" vpos="150" date="1600000000" mail="shita small blue2" user_id="u">x</chat>)"
      R"(<chat thread="1" no="6" vpos="-5">y</chat><chat thread="1" no="7" vpos="1" deleted="1"/></packet>)");
  CHECK(niconico.format == CommentFormat::niconico);
  REQUIRE(niconico.rows.size() == 2);
  CHECK(niconico.rows[0].positionMs == 1500);
  CHECK(niconico.rows[0].mode == CommentMode::bottom);
  CHECK(niconico.rows[0].color == 0x33ffcc);
  CHECK(niconico.rows[0].sourceId == "niconico:1/5");
  CHECK(niconico.rows[1].positionMs == 0);

  const Read srt = read(
      "\xef\xbb\xbf"
      "1\r\n00:00:01,500 --> 00:00:02,000\r\n<i>Hello</i>\r\na <b c\r\n\r\n2\r\n1:00:00,000 --> "
      "1:00:01,000\r\n{\\an8}top\r\n");
  CHECK(srt.format == CommentFormat::srt);
  REQUIRE(srt.rows.size() == 2);
  CHECK(srt.rows[0].content == "Hello\na <b c");
  CHECK(srt.rows[1].positionMs == 3'600'000);
  CHECK(srt.rows[1].mode == CommentMode::top);

  const Read vtt = read("WEBVTT - x\n\nNOTE a\n\nid\n01:02.003 --> 01:04.000 align:start\n<v Anna &amp; Bo>a &lt; b\n");
  REQUIRE(vtt.rows.size() == 1);
  CHECK(vtt.rows[0].positionMs == 62'003);
  CHECK(vtt.rows[0].importedAuthor == "Anna & Bo");
  CHECK(vtt.rows[0].content == "a < b");

  const Read ass = read(
      "[Script Info]\n[V4+ Styles]\nFormat: Name, Fontsize, Alignment\nStyle: D,40,2\n[Events]\nFormat: Start, Text\n"
      "Dialogue: 0:00:01.25,{\\c&H0000FF&\\fs60}red, big\\Nand more\nDialogue: 0:00:02.00,{\\p1}m 0 0{\\p0}\n");
  REQUIRE(ass.rows.size() == 1);
  CHECK(ass.rows[0].positionMs == 1250);
  CHECK(ass.rows[0].color == 0xff0000);
  CHECK(ass.rows[0].content == "red, big\nand more");
  CHECK(ass.rows[0].mode == CommentMode::bottom);
  CHECK(ass.skipped.at(CommentSkip::special) == 1);
}

TEST_CASE("compressed files are read, and of a truncated one what it has") {
  std::vector<Comment> many;
  for (int i = 0; i < 3000; ++i) many.push_back(row(i * 10, "comment number " + std::to_string(i * 7919)));
  const std::string text = write(CommentFormat::bilibili, many);
  constexpr int gzipBits = 15 + 16;
  constexpr int zlibBits = 15;
  constexpr int deflateBits = -15;
  for (const int window : {gzipBits, zlibBits, deflateBits}) {
    INFO(window);
    const std::string small = packed(text, window);
    const Read whole = read(small);
    CHECK(whole.rows.size() == many.size());
    CHECK(whole.skipped.empty());
    const Read half = read(small.substr(0, small.size() / 2));
    CHECK(half.rows.size() > 500);
    CHECK(half.rows.size() < many.size());
    CHECK(half.skipped == std::map<CommentSkip, int>{{CommentSkip::cutOff, 1}});
  }
  const std::string two = write(CommentFormat::ndjson, {row(1, "one")});
  const Read members = read(packed(two, gzipBits) + packed(two, gzipBits) + std::string(512, '\0'));
  CHECK(members.rows.size() == 2);
  CHECK(members.skipped.empty());
  CHECK(read(packed(two, gzipBits) + "more").skipped == std::map<CommentSkip, int>{{CommentSkip::cutOff, 1}});
  const Read half = read(text.substr(0, text.find("comment number", text.size() / 2) + 4));
  CHECK(half.rows.size() > 1000);
  CHECK(half.skipped == std::map<CommentSkip, int>{{CommentSkip::cutOff, 1}});
  const std::string json = R"([{"text":"x","time":1},{"text":"y","ti)";
  CHECK(read(json).rows.size() == 1);
  CHECK(read(json).skipped == std::map<CommentSkip, int>{{CommentSkip::cutOff, 1}});
  const Read lines =
      read("{\"position_ms\":1,\"content\":\"a\"}\n{\"position_ms\":2,\"con\n{\"position_ms\":3,\"content\":\"c\"}\n");
  CHECK(lines.rows.size() == 2);
  CHECK(lines.skipped == std::map<CommentSkip, int>{{CommentSkip::syntax, 1}});
}

TEST_CASE("a file without comments, or with too many, is refused") {
  for (const char* text : {"", "hello", "<html><body>", "{}", "[1,2,3]", "\x1f\x8b\x08 no gzip", "a,b\n1,2\n"}) {
    INFO(text);
    CHECK(faultOf([&] { read(text); }) == Fault::malformed);
  }
  CHECK(faultOf([] { read(bilibili, CommentFormat::ass); }) == Fault::malformed);
  CHECK(faultOf([] { read("<!DOCTYPE i [<!ENTITY a \"b\">]><i><d p=\"1,1,25,1\">&a;</d></i>"); }) == Fault::malformed);
  CHECK(faultOf([] { read(bilibili, {}, {.rows = 5}); }) == Fault::tooLarge);
  CHECK(faultOf([] { read(bilibili, {}, {.bytes = 300}); }) == Fault::tooLarge);
  // 200 MB of spaces in 200 KB.
  CHECK(faultOf([] { read(packed("<i>" + std::string(20'000'000, ' '), 31), {}, {.bytes = 1 << 20}); }) ==
        Fault::tooLarge);
  const Read deep = read(std::string(1000, '[') + "\n{\"position_ms\":1,\"content\":\"a\"}\n");
  CHECK(deep.rows.size() == 1);
  CHECK(read("[[1,0,0,\"a\",\"" + std::string(100'000, 'x') + "\"]]").skipped.at(CommentSkip::text) == 1);
}

TEST_CASE("scrolling comments in an ASS file do not overtake or touch each other while there are lanes") {
  std::vector<Comment> rows;
  for (int i = 0; i < 60; ++i)
    rows.push_back(row(i * 700, std::string(static_cast<std::size_t>(5 + i * 37 % 60), 'w')));
  struct Flight {
    double at, length, y;
  };
  std::vector<Flight> flights;
  const std::string text = write(CommentFormat::ass, rows);
  std::size_t from = 0;
  for (const Comment& one : rows) {
    const std::size_t at = text.find("\\move(1280,", from) + 11;
    Flight flight{static_cast<double>(*one.positionMs) / 1000, 0, std::stod(text.substr(at))};
    flight.length = -std::stod(text.substr(text.find(',', at) + 1));
    flights.push_back(flight);
    from = at;
  }
  const auto head = [](const Flight& flight, double t) { return 1280 - (t - flight.at) / 8 * (1280 + flight.length); };
  for (std::size_t i = 0; i < flights.size(); ++i)
    for (std::size_t j = i + 1; j < flights.size(); ++j) {
      if (flights[i].y != flights[j].y) continue;
      for (double t = flights[j].at; t < flights[i].at + 8; t += 0.1)
        CHECK(head(flights[j], t) >=
              head(flights[i], t) + flights[i].length - 30);  // hundredths of seconds are rounded
    }
}

TEST_CASE("a comment of several lines, or a big one, keeps others out of its lanes in an ASS file") {
  const std::string text =
      write(CommentFormat::ass,
            {row(0, "one\ntwo\nthree", CommentMode::top), row(0, "below", CommentMode::top),
             row(0, "big", CommentMode::top, whiteColor, CommentSize::big), row(0, "last", CommentMode::top)});
  std::vector<std::string> places;
  for (std::size_t at = text.find("\\pos("); at != std::string::npos; at = text.find("\\pos(", at + 1))
    places.push_back(text.substr(at, text.find(')', at) + 1 - at));
  CHECK(places == std::vector<std::string>{"\\pos(640,0)", "\\pos(640,120)", "\\pos(640,160)", "\\pos(640,240)"});
}

#include "base/json.hpp"

#include "base/schema.hpp"
#include "catch.hpp"

namespace video {

enum class Colour { red, green };

template <>
struct Names<Colour> {
  static constexpr std::array list{std::pair{Colour::red, std::string_view("red")},
                                   std::pair{Colour::green, std::string_view("green")}};
};

struct Leaf {
  std::string text;
};

template <>
struct Fields<Leaf> {
  static constexpr std::string_view plural = "leaves";
  static constexpr std::tuple list{Field{"text", &Leaf::text, "what it says"}};
};

struct Tree {
  VideoId id;
  UserId user;
  std::int64_t number = 0;
  std::uint64_t count = 0;
  bool yes = false;
  Time time{};
  Colour colour = Colour::red;
  std::optional<std::string> left;
  Nullable<std::string> null;
  std::vector<Leaf> leaves;
};

template <>
struct Fields<Tree> {
  static constexpr std::tuple list{
      Field{"id", &Tree::id, "its id"},
      Field{"user", &Tree::user, "whose it is"},
      Field{"number", &Tree::number, "any number"},
      Field{"count", &Tree::count, "how many"},
      Field{"yes", &Tree::yes, "whether"},
      Field{"time", &Tree::time, "when"},
      Field{"colour", &Tree::colour, "which"},
      Field{"left", &Tree::left, "left out where empty"},
      Field{"null", &Tree::null, "null where empty"},
      Field{"leaves", &Tree::leaves, "what hangs on it"},
  };
};

}  // namespace video

using namespace video;
using namespace std::string_view_literals;

namespace {

const std::string whole = R"({"id":"v","user":7,"number":-9223372036854775808,"count":18446744073709551615,"yes":true,)"
                          R"("time":"2026-11-21T09:30:00.000Z","colour":"green","left":"l","null":null,)"
                          R"("leaves":[{"text":"a"},{"text":"\"\\\n\u0001é"}]})";

// Returns why a body is refused; empty if it is accepted.
template <class Struct>
std::string complaint(std::string_view text) {
  try {
    fromJson<Struct>(text);
    return {};
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::malformed);
    return error.detail();
  }
}

// The body of a Leaf whose text is this JSON.
std::string leaf(const std::string& json) {
  return R"({"text":)" + json + "}";
}

// The whole tree with another value for one field.
std::string with(const std::string& name, const std::string& json) {
  nlohmann::json tree = nlohmann::json::parse(whole);
  tree.erase(name);
  std::string text = tree.dump();
  return text.insert(1, "\"" + name + "\":" + json + ",");
}

}  // namespace

TEST_CASE("a struct is read and written with all its fields") {
  const Tree tree = fromJson<Tree>(whole);
  CHECK(tree.number == INT64_MIN);
  CHECK(tree.count == UINT64_MAX);
  CHECK(tree.colour == Colour::green);
  CHECK(tree.left == "l");
  CHECK_FALSE(tree.null);
  CHECK(tree.leaves[1].text == "\"\\\n\x01é");
  CHECK(toJson(tree) == whole);
}

TEST_CASE("an empty optional is omitted, an empty Nullable is null, and either may be missing in input") {
  Tree tree = fromJson<Tree>(whole);
  tree.left.reset();
  tree.leaves.clear();
  CHECK(toJson(tree).find(R"("left")") == std::string::npos);
  CHECK(toJson(tree).ends_with(R"("null":null,"leaves":[]})"));
  CHECK_FALSE(fromJson<Tree>(with("left", "null")).left);
  CHECK(fromJson<Tree>(with("null", R"("x")")).null == "x");
  CHECK(complaint<Leaf>("{}") == "text: is missing");
  CHECK(complaint<Leaf>(leaf("null")) == "text: must be a string");
}

TEST_CASE("a value of the wrong type or out of range is refused") {
  for (const char* number : {"1.0", "1e2", "\"1\"", "true", "null", "[1]", "9223372036854775808"}) {
    INFO(number);
    CHECK(complaint<Tree>(with("number", number)) == "number: must be a whole number");
  }
  for (const char* count : {"-1", "1.5", "18446744073709551616"}) {
    INFO(count);
    CHECK(complaint<Tree>(with("count", count)) == "count: must be a whole number, not negative");
  }
  CHECK(fromJson<Tree>(with("number", "-0")).number == 0);
  for (const char* number : {"01", "+1", ".5", "1.", "0x1", "NaN", "Infinity", "-", "1e400"}) {
    INFO(number);
    CHECK(complaint<Tree>(with("number", number)) == "number: not valid JSON here");
  }
  CHECK(complaint<Tree>(with("yes", "1")) == "yes: must be true or false");
  CHECK(complaint<Tree>(with("colour", R"("blue")")) == "colour: is none of red, green");
  CHECK(complaint<Tree>(with("time", R"("yesterday")")).starts_with("time: not a time"));
  CHECK(complaint<Tree>(with("leaves", "{}")) == "leaves: must be an array");
}

TEST_CASE("of two fields with the same name the last one counts") {
  CHECK(fromJson<Leaf>(R"({"text":"a","text":"b"})").text == "b");
  CHECK(complaint<Leaf>(R"({"text":"a","text":1})") == "text: must be a string");
  CHECK(fromJson<Leaf>(R"({"other":1,"text":"a","Text":"b"})").text == "a");
}

TEST_CASE("a document must be UTF-8 with at most 32 levels and 64 KiB") {
  const auto nested = [](std::size_t levels) {
    return leaf("\"a\"").insert(1, "\"x\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + ",");
  };
  CHECK(fromJson<Leaf>(nested(32)).text == "a");
  CHECK(complaint<Leaf>(nested(34)) == "body: nested more than 32 levels deep");
  CHECK(complaint<Leaf>(std::string(60'000, '[')) == "body: nested more than 32 levels deep");
  CHECK(complaint<Leaf>(leaf("\"\xff\"")) == "text: not valid UTF-8");
  CHECK(complaint<Leaf>(leaf("\"\xed\xa0\x80\"")) == "text: not valid UTF-8");
  CHECK(complaint<Leaf>(leaf("\"\xc0\x80\"")) == "text: not valid UTF-8");
  CHECK(complaint<Leaf>(leaf(R"("\ud800")")) == "text: not valid JSON here");
  CHECK(complaint<Leaf>(leaf(R"("\udc00\ud800")")) == "text: not valid JSON here");
  CHECK(fromJson<Leaf>(leaf(R"("\ud83d\ude00")")).text == "😀");
  CHECK(fromJson<Leaf>(leaf(R"("\u0000")")).text == "\0"sv);
  CHECK(complaint<Leaf>(leaf("\"a\nb\"")) == "text: has a control character");
  const std::string fits = leaf('"' + std::string(64 * 1024 - 11, 'a') + '"');
  CHECK(fits.size() == 64 * 1024);
  CHECK_NOTHROW(fromJson<Leaf>(fits));
  try {
    fromJson<Leaf>(fits + " ");
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooLarge);
  }
  CHECK_NOTHROW(fromJson<Leaf>(fits + " ", true));
}

TEST_CASE("nothing may follow a document") {
  for (const std::string_view text : {"{\"text\":\"a\"}x"sv, "{\"text\":\"a\"}{}"sv, "{\"text\":\"a\"},"sv, ""sv, " "sv,
                                      "{\"text\":\"a\",}"sv, "{'text':'a'}"sv, "/**/{\"text\":\"a\"}"sv}) {
    INFO(text);
    CHECK(complaint<Leaf>(text).ends_with("not valid JSON here"));
  }
  CHECK(complaint<Leaf>("{\"text\":\"a\"}\0"sv) == "body: has a NUL");
  CHECK(complaint<Leaf>("{\"text\":\"a\"}\0, hidden"sv) == "body: has a NUL");
  for (const char* text : {"[]", "1", "\"a\"", "null"}) CHECK(complaint<Leaf>(text) == "body: must be a JSON object");
}

TEST_CASE("parameters are read from text") {
  std::int64_t number = 0;
  std::uint64_t count = 0;
  bool yes = false;
  Colour colour = Colour::red;
  readText("-9223372036854775808", "n", number);
  CHECK(number == INT64_MIN);
  readText("18446744073709551615", "n", count);
  CHECK(count == UINT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "-9223372036854775809"})
    CHECK_THROWS_AS(readText(text, "n", number), Error);
  for (const char* text : {"-1", "18446744073709551616"}) CHECK_THROWS_AS(readText(text, "n", count), Error);
  readText("1", "y", yes);
  CHECK(yes);
  readText("false", "y", yes);
  CHECK_FALSE(yes);
  for (const char* text : {"", "yes", "TRUE", "2"}) CHECK_THROWS_AS(readText(text, "y", yes), Error);
  readText("green", "c", colour);
  CHECK(colour == Colour::green);
  CHECK_THROWS_AS(readText("Green", "c", colour), Error);
  std::string text;
  CHECK_THROWS_AS(readText("\xff", "t", text), Error);
}

TEST_CASE("values are written as cells of a table") {
  CHECK(toText(std::optional<std::int64_t>()).empty());
  CHECK(toText(Nullable<std::string>("x")) == "x");
  CHECK(toText(VideoId{"v"}) == "v");
  CHECK(toText(UserId{-3}) == "-3");
  CHECK(toText(true) == "true");
  CHECK(toText(Colour::green) == "green");
  CHECK(toText(std::vector<Leaf>{{"a"}}) == R"([{"text":"a"}])");
  CHECK(nameOf(static_cast<Colour>(9)).empty());
  CHECK_FALSE(valueOf<Colour>(""));
}

TEST_CASE("a schema is made from the fields") {
  SchemaWriter writer("#/$defs/");
  CHECK(writer.of<Tree>() == R"({"$ref":"#/$defs/Tree"})");
  const auto tree = nlohmann::json::parse(writer.named().at("Tree"));
  CHECK(tree.at("required") ==
        nlohmann::json({"id", "user", "number", "count", "yes", "time", "colour", "null", "leaves"}));
  const auto& properties = tree.at("properties");
  CHECK(properties.at("user").at("type") == "integer");
  CHECK(properties.at("yes").at("type") == "boolean");
  CHECK(properties.at("time").at("format") == "date-time");
  CHECK(properties.at("colour").at("enum") == nlohmann::json({"red", "green"}));
  CHECK(properties.at("null").at("anyOf").size() == 2);
  CHECK(properties.at("leaves").at("items").at("$ref") == "#/$defs/Leaf");
  CHECK(properties.at("left").at("description") == "left out where empty");
  CHECK(writer.named().contains("Leaf"));

  SchemaWriter pages("#/");
  const auto page = nlohmann::json::parse(pages.of<Page<Leaf>>());  // a template has no name, so its schema is inline
  CHECK(page.at("properties").at("leaves").at("type") == "array");
  CHECK_FALSE(pages.named().contains("Page"));
  CHECK(nlohmann::json::parse(pages.of<Nothing>()).at("$ref") == "#/Nothing");
}

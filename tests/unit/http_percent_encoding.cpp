#include "http/header_values.hpp"
#include "http/percent_encoding.hpp"

#include "base/error.hpp"
#include "catch.hpp"

using namespace video::http;

namespace {

std::optional<std::string> percentDecoded(std::string_view text, bool plusIsSpace = false) {
  std::string to;
  return appendDecoded(to, text, plusIsSpace) ? std::optional(to) : std::nullopt;
}
std::vector<std::string> itemsOf(std::string_view list) {
  std::vector<std::string> items;
  forEachItem(list, [&](std::string_view item) { items.emplace_back(item); });
  return items;
}

}  // namespace

TEST_CASE("text is percent-encoded and decoded") {
  CHECK(percentDecoded("a%20b%2fc%2Fd+e") == "a b/c/d+e");
  CHECK(percentDecoded("a+b%2B", true) == "a b+");
  for (const char* bad : {"%", "%4", "a%4", "%zz", "%4g", "%00", "a%00b", "%%41"}) CHECK_FALSE(percentDecoded(bad));
  CHECK_FALSE(percentDecoded(std::string_view("\0", 1)));
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  for (const auto append : {appendEncoded, appendPrintable}) {
    std::string encoded;
    append(encoded, all);
    CHECK(encoded.find_first_of("\r\n\x7f\x80") == std::string::npos);
    CHECK(percentDecoded(encoded) == all);
  }
  std::string encoded;
  appendEncoded(encoded, "a/b c~.-_é");
  CHECK(encoded == "a%2Fb%20c~.-_%C3%A9");
}

TEST_CASE("a query is parsed in order, and an error names the malformed parameter") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(parseQuery("") == Pairs{});
  CHECK(parseQuery("a=1&&b&c=&=d&a=2+3%264=5") == Pairs{{"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"a", "2 3&4=5"}});
  for (const auto& [query, named] : {std::pair{"from=%zz", "from: "}, {"a=1&%zz=1", "query: "}, {"%ff=%00", "query: "}})
    try {
      parseQuery(query);
      FAIL(query);
    } catch (const video::Error& error) {
      CHECK(error.fault() == video::Fault::malformed);
      CHECK(error.detail().starts_with(named));
    }
}

TEST_CASE("a field value is split into items and parameters") {
  CHECK(itemsOf(" a ,, \"b,c\" ,\td") == std::vector<std::string>{"a", "\"b,c\"", "d"});
  CHECK(itemsOf("\"a\\\",b\",c") == std::vector<std::string>{"\"a\\\",b\"", "c"});
  CHECK(itemsOf("\"open, never closed").size() == 1);
  CHECK(itemsOf("\"\\").size() <= 1);
  CHECK(itemsOf(" , ").empty());
  CHECK(parameterOf("; a=1; B=\"x;y\\\"z\"", "b") == "x;y\"z");
  CHECK(parameterOf("; a=1; a=2", "A") == "1");
  CHECK(parameterOf("; a=", "a") == "");
  CHECK(parameterOf("; a=\"", "a") == "\"");
  CHECK_FALSE(parameterOf("; aa=1; a", "a"));
}

TEST_CASE("the SHA-256 is read from a Content-Digest field") {
  const std::string hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const std::string digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
  CHECK(sha256Of(digest) == hex);
  CHECK(sha256Of("sha-512=:AAAA:, " + digest) == hex);
  CHECK_FALSE(sha256Of(""));
  CHECK_FALSE(sha256Of("sha-512=:AAAA:"));
  for (const char* bad :
       {"sha-256=", "sha-256=::", "sha-256=:AAAA:", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU:",
        "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha-256=:47DEQpj8HBSa-/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "sha-256=:====:"}) {
    INFO(bad);
    CHECK_THROWS_AS(sha256Of(bad), video::Error);
  }
}

TEST_CASE("a file name is written to Content-Disposition and read back unchanged") {
  CHECK(dispositionOf("video/mp4", "") == "inline");
  CHECK(dispositionOf("application/octet-stream", "") == "attachment");
  CHECK(dispositionOf("application/octet-stream", "page.html") == "attachment; filename=\"page.html\"");
  CHECK(dispositionOf("video/mp4", "holiday.mp4") == "inline; filename=\"holiday.mp4\"");
  CHECK(dispositionOf("video/mp4", "caf\u00e9 \"1\"") ==
        "inline; filename=\"caf_ _1_\"; filename*=UTF-8''caf%C3%A9%20%221%22");
  for (const char* name : {"a b.mp4", "\u6620\u753b.mkv", "a;b\\c\"d%e/f", "x\r\nSet-Cookie: y", "'", "\xff"}) {
    const std::string value = dispositionOf("video/mp4", name);
    INFO(value);
    CHECK(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    CHECK(nameOfDisposition(value) == name);
  }
  CHECK(nameOfDisposition("attachment; filename=\"a\"; filename*=utf-8''b%20c") == "b c");
  CHECK(nameOfDisposition("attachment; filename=a; filename*=UTF-8''%zz") == "a");
  CHECK(nameOfDisposition("attachment; filename=a; filename*=ISO-8859-1''b") == "a");
  CHECK(nameOfDisposition("attachment").empty());
}

#include "http/content/multipart_form.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "catch.hpp"

using video::http::FormFile;

namespace {

constexpr const char* type = "multipart/form-data; boundary=XX";

/// Returns the file of a form that arrives in these pieces.
std::string fileOf(const std::vector<std::string_view>& pieces, const char* contentType = type) {
  std::string file;
  const video::ByteSink sink = [&file](std::span<const std::byte> piece) {
    file.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  };
  FormFile form(contentType, "file", sink);
  for (const std::string_view piece : pieces) form.take(std::as_bytes(std::span(piece)));
  form.finish();
  return file;
}

/// Returns why a form is refused; empty if it is valid.
std::string complaint(const std::string& body, const char* contentType = type) {
  try {
    fileOf({body}, contentType);
    return {};
  } catch (const video::Error& error) {
    CHECK(error.fault() == video::Fault::malformed);
    return error.detail();
  }
}

std::string part(const std::string& header, const std::string& content) {
  return fmt::format("--XX\r\n{}\r\n\r\n{}\r\n", header, content);
}
const std::string fileHeader = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"";

}  // namespace

TEST_CASE("a form yields the same file however it is split") {
  const std::string content = "\r\n--X\r\n--XY\r\r\n-\r\n--\rmovie\r\n";
  const std::string body = "preamble\r\n" + part("Content-Disposition: form-data; name=\"note\"", "hello") +
                           part(fileHeader, content) + "--XX-- \r\nepilogue";
  REQUIRE(fileOf({body}) == content);
  const std::string_view whole = body;
  for (std::size_t at = 0; at <= body.size(); ++at) {
    INFO(at);
    REQUIRE(fileOf({whole.substr(0, at), whole.substr(at)}) == content);
  }
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < body.size(); ++at) bytes.push_back(whole.substr(at, 1));
  CHECK(fileOf(bytes) == content);
}

TEST_CASE("a part header of exactly 8 KiB is taken, and one more byte refused, however the form is cut") {
  for (const std::size_t size : {8192U, 8193U}) {
    const std::string body = part(std::string(size, 'h'), "x") + part(fileHeader, "m") + "--XX--";
    const std::string_view whole = body;
    const std::size_t end = body.find("\r\n", 6);
    for (const std::size_t at : {end - 1, end, end + 1, end + 2, end + 3}) {
      CAPTURE(size, at - end);
      if (size == 8192)
        CHECK(fileOf({whole.substr(0, at), whole.substr(at)}) == "m");
      else
        CHECK_THROWS_AS(fileOf({whole.substr(0, at), whole.substr(at)}), video::Error);
    }
  }
}

TEST_CASE("unusual but legal part headers are accepted") {
  for (const char* header : {
           "content-disposition: FORM-DATA; NAME=file",
           "Content-Disposition:form-data;name=\"file\"",
           "Content-Disposition: form-data; filename=\"a; name=\\\"x\\\"\"; name=\"file\"",
           "Content-Disposition: form-data;\r\n name=\"file\"",
           "Content-Type: video/mp4\r\nContent-Disposition: form-data; name=\"file\"\r\nX-Other: y",
           "Content-Disposition: form-data; name=\"fi\\le\"",
       }) {
    INFO(header);
    CHECK(fileOf({part(header, "movie") + "--XX--"}) == "movie");
  }
  CHECK(fileOf({part(fileHeader, "") + "--XX--"}).empty());
  CHECK(fileOf({"--XX \t\r\n" + fileHeader + "\r\n\r\nm\r\n--XX--"}) == "m");
  CHECK(fileOf({"--XX\r\n\r\nno header\r\n" + part(fileHeader, "m") + "--XX--"}) == "m");
  for (const char* good : {"Multipart/Form-Data;boundary=\"XX\"", "multipart/form-data ; charset=utf-8; Boundary=XX"})
    CHECK(fileOf({part(fileHeader, "m") + "--XX--"}, good) == "m");
}

TEST_CASE("a malformed form is refused with the reason") {
  const std::string good = part(fileHeader, "movie");
  const std::string note = "Content-Disposition: form-data; name=\"note\"";
  const std::string lastBoundary = "ends before its last boundary";
  const std::string lineEnd = "not followed by a line end";
  const std::pair<std::string, std::string> cases[] = {
      {"", lastBoundary},
      {good, lastBoundary},
      {good + "--XX", lastBoundary},
      {good + "--XX-", lastBoundary},
      {good.substr(0, good.size() - 4), lastBoundary},
      {"--XX\r\n" + fileHeader, lastBoundary},
      {part(note, "x") + "--XX--", "no part of this name"},
      {"--XX--", "no part of this name"},
      {part("X: 1", "x") + "--XX--", "no part of this name"},
      {part("Content-Disposition: form-data; name=\"file2\"", "x") + "--XX--", "no part of this name"},
      {good + good + "--XX--", "more than one part"},
      {good + "--XXY\r\n", lineEnd},
      {good + "--XX\n", lineEnd},
      {good + "--XX -x", lineEnd},
      {"--XX" + std::string(9000, ' '), lineEnd},
      {"--XX\r\nX: " + std::string(9000, 'y'), "larger than 8 KiB"},
      {part(note, std::string(2 << 20, 'x')) + good + "--XX--", "more than 1 MiB"},
      {std::string(2 << 20, 'x'), "more than 1 MiB"},
      {good + "--XX--" + std::string(2 << 20, 'x'), "more than 1 MiB"},
  };
  for (const auto& [body, expected] : cases) {
    INFO(body.substr(0, 200));
    CHECK(complaint(body).find(expected) != std::string::npos);
  }
  std::string many = "--XX\r\n";
  for (int i = 0; i < 10; ++i) many += "X: " + std::string(1000, 'y') + "\r\n";
  CHECK(complaint(many).find("larger than 8 KiB") != std::string::npos);
  std::string empty;
  while (empty.size() < (2 << 20)) empty += part(note, "");
  CHECK(complaint(empty).find("more than 1 MiB") != std::string::npos);
  for (const char* bad : {"", "text/plain; boundary=XX", "multipart/form-data", "multipart/form-data; boundary=",
                          "multipart/form-data; boundary=\"\"", "multipart/mixed; boundary=XX"}) {
    INFO(bad);
    CHECK(complaint(good + "--XX--", bad).starts_with("Content-Type: "));
  }
}

TEST_CASE("an exception from the sink reaches the caller") {
  const video::ByteSink full = [](std::span<const std::byte>) { throw video::Error(video::Fault::diskFull); };
  FormFile form(type, "file", full);
  const std::string body = part(fileHeader, "movie") + "--XX--";
  CHECK_THROWS_AS(form.take(std::as_bytes(std::span(body))), video::Error);
}

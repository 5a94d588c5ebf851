#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "comments/formats.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

// A file that gives at most so many bytes at a time.
class Pieces : public ContentReader {
 public:
  Pieces(std::string text, std::size_t most) : text_(std::move(text)), most_(most) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    if (offset >= text_.size()) return 0;
    const std::size_t count = std::min({to.size(), text_.size() - static_cast<std::size_t>(offset), most_});
    std::memcpy(to.data(), text_.data() + offset, count);
    return count;
  }

 private:
  std::string text_;
  std::size_t most_;
};

struct Rows : danmaku::RowSink {
  void take(Comment comment) override {
    checkText("content", comment.content, 1, 2000, Lines::several);
    holds(comment.positionMs.value_or(-1) >= 0, "a position is not negative");
    holds(comment.color.value_or(0) >= 0 && comment.color.value_or(0) <= whiteColor, "a color is in range");
    holds(comment.sourceId && !comment.sourceId->empty(), "a row has an ID");
    checkText("source_id", *comment.sourceId, 1, 100);
    if (comment.importedAuthor) checkText("author", *comment.importedAuthor, 1, 64);
    all.push_back(std::move(comment));
  }
  void skip(CommentSkip /*reason*/) override { ++skipped; }

  std::optional<CommentFormat> format;
  std::vector<Comment> all;
  int skipped = 0;
};

Rows readAll(const std::string& text, std::size_t most) {
  Pieces file(text, most);
  Rows rows;
  try {
    rows.format = danmaku::readRows(file, {}, rows, {.bytes = 1 << 20, .rows = 10'000});
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::tooLarge, "a refusal has a reason",
          error.detail());
  }
  return rows;
}

// What is written is read again with the same texts, where the format has a text for everything.
void writeAndRead(const Rows& rows) {
  for (const CommentFormat format : {CommentFormat::ndjson, CommentFormat::csv, CommentFormat::bilibili,
                                     CommentFormat::ass, CommentFormat::srt, CommentFormat::vtt}) {
    const auto writer = danmaku::writerOf(format);
    std::string text;
    writer->begin(text);
    for (const Comment& comment : rows.all) writer->add(text, comment);
    writer->end(text);
    holds(isUtf8(text), "what is written is UTF-8");
    if (rows.all.empty()) continue;
    const Rows again = readAll(text, 100'000);
    holds(again.format == format, "what is written is recognised");
    const bool isExact = format == CommentFormat::ndjson || format == CommentFormat::csv;
    if (!isExact) continue;
    holds(again.skipped == 0 && again.all.size() == rows.all.size(), "what is written is read");
    for (std::size_t i = 0; i < rows.all.size(); ++i) {
      holds(again.all[i].content == rows.all[i].content, "a text is read as it was written", rows.all[i].content);
      holds(again.all[i].positionMs == rows.all[i].positionMs, "a position is read as it was written");
      holds(again.all[i].sourceId == rows.all[i].sourceId, "an ID is read as it was written");
    }
  }
}

void run(fuzz::Input in) {
  const std::string text = in.rest();
  const Rows whole = readAll(text, 1 << 20);
  const Rows parts = readAll(text, 7);
  // What a file is, its beginning says, which is as much as one read gives.
  if (whole.format == parts.format)
    holds(whole.all.size() == parts.all.size() && whole.skipped == parts.skipped,
          "a file is read the same in any pieces");
  writeAndRead(whole);
}

const fuzz::Target target{"danmaku", run};

}  // namespace

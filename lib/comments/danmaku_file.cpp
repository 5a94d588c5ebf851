#include "comments/formats.hpp"
#include "comments/rows.hpp"

namespace video::rows {

void writeDanmaku(store::Database& database, const VideoId& video, CommentFormat format,
                  const std::function<bool(std::string_view piece)>& sink) {
  const auto writer = danmaku::writerOf(format);
  CommentQuery query;
  query.video = video;
  query.by = CommentOrder::position;
  query.limit = 1000;
  for (bool isFirst = true;; isFirst = false) {
    // Each page by itself: a file of many comments must not hold the database up.
    const Page<Comment> page = database.read([&](store::Reader& reader) { return listComments(reader, query, {}); });
    if (isFirst && page.items.empty()) return;
    std::string piece;
    if (isFirst) writer->begin(piece);
    for (const Comment& comment : page.items) writer->add(piece, comment);
    query.cursor = page.nextCursor;
    if (!query.cursor) writer->end(piece);
    if (!sink(piece) || !query.cursor) return;
  }
}

}  // namespace video::rows

#include "comments/formats.hpp"
#include "comments/rows.hpp"

namespace video::rows {

std::string danmakuFile(store::Reader& reader, const VideoId& video, CommentFormat format) {
  const auto writer = danmaku::writerOf(format);
  std::string file;
  CommentQuery query;
  query.video = video;
  query.by = CommentOrder::position;
  query.limit = 1000;
  do {
    const Page<Comment> page = listComments(reader, query, {});
    if (file.empty() && !page.items.empty()) writer->begin(file);
    for (const Comment& comment : page.items) writer->add(file, comment);
    query.cursor = page.nextCursor;
  } while (query.cursor);
  if (!file.empty()) writer->end(file);
  return file;
}

}  // namespace video::rows

#include "shares/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace video::rows {

Page<Share> listShares(store::Reader& reader, const ShareQuery& wanted, Time now) {
  const TimePage after(wanted.cursor);
  Page<Share> page;
  auto query = reader.query(
      "SELECT id, what, label, create_time, expires FROM shares WHERE video_id = ? AND (create_time, id) > (?, ?) "
      "AND create_time >= ? AND create_time < ? AND expires > ? ORDER BY create_time, id LIMIT ?",
      wanted.video, after.time, after.id, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()), now,
      wanted.limit + 1);
  const auto read = [&](const store::Query& row) {
    return Share{{std::string(row.text(0))}, wanted.video, valueOf<ShareWhat>(row.text(1)).value_or(ShareWhat::view),
                 std::string(row.text(2)),   row.time(3),  row.time(4)};
  };
  readPage(page, query, wanted.limit, read, TimePage::cursorOf);
  return page;
}

void insertShare(store::Transaction& transaction, const Share& share) {
  transaction.query("DELETE FROM shares WHERE video_id = ? AND expires <= ?", share.video, share.created).run();
  constexpr std::int64_t most = 500;  // keeps each write transaction short
  auto query = transaction.query("SELECT count(*) FROM shares WHERE video_id = ?", share.video);
  if (query.next() && query.integer(0) >= most)
    throw Error(Fault::conflict, fmt::format("video {}: already has {} links; revoke some", share.video.text, most));
  transaction
      .query("INSERT INTO shares (id, video_id, what, label, expires, create_time) VALUES (?, ?, ?, ?, ?, ?)", share.id,
             share.video, share.what, share.label, share.expires, share.created)
      .run();
}

std::int64_t deleteSharesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit) {
  return transaction
      .query("DELETE FROM shares WHERE id IN (SELECT id FROM shares WHERE video_id = ? LIMIT ?)", video, limit)
      .run();
}

bool deleteShare(store::Transaction& transaction, const ShareRef& share) {
  return transaction.query("DELETE FROM shares WHERE id = ? AND video_id = ?", share.id, share.video).run() > 0;
}

}  // namespace video::rows

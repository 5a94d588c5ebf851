#include "uploads/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "deletions/rows.hpp"
#include "videos/rows.hpp"

namespace video::rows {
namespace {

constexpr std::string_view uploadColumns =
    "SELECT u.id, u.video_id, o.login_name, coalesce(v.name, ''), u.bytes, u.length, u.state, u.create_time, "
    "u.expires, "
    "u.last_byte_time";
constexpr std::string_view uploadTables =
    " FROM uploads u CROSS JOIN users o ON o.id = u.owner_id AND o.deleted IS NULL "
    "LEFT JOIN video_info v ON v.id = u.video_id ";

template <class Made>
Made uploadOf(const store::Query& row) {
  Made upload;
  upload.id.text = row.text(0);
  upload.video.text = row.text(1);
  upload.user = row.text(2);
  upload.name = row.text(3);
  upload.offset = row.integer(4);
  upload.size = row.optionalInteger(5);
  upload.state = valueOf<UploadState>(row.text(6)).value_or(UploadState::expired);
  upload.created = row.time(7);
  upload.expires = row.time(8);
  upload.lastByte = row.optionalTime(9);
  return upload;
}

}  // namespace

std::optional<StoredUpload> findUpload(store::Reader& reader, const UploadId& id) {
  static const std::string sql = fmt::format(
      "{}, u.owner_id, u.made_video, u.by_link, u.sha256, u.metadata{}WHERE u.id = ?", uploadColumns, uploadTables);
  auto query = reader.query(sql, id);
  if (!query.next()) return std::nullopt;
  auto upload = uploadOf<StoredUpload>(query);
  upload.owner = {query.integer(10)};
  upload.madeVideo = query.integer(11) != 0;
  upload.byLink = query.integer(12) != 0;
  upload.sha256 = query.optionalText(13);
  upload.metadata = query.text(14);
  return upload;
}

Page<ResumableUpload> listUploads(store::Reader& reader, std::optional<UserId> owner, const ListQuery& wanted) {
  const auto sql = [](std::string_view filter) {
    return fmt::format("{}{}WHERE {}u.id >= ? AND u.id < ? ORDER BY u.id LIMIT ?", uploadColumns, uploadTables, filter);
  };
  static const std::string all = sql("");
  static const std::string ofOwner = sql("u.owner_id = ? AND ");
  const IdPage range(wanted);
  const std::int64_t limit = wanted.limit + 1;
  auto query = owner ? reader.query(ofOwner, *owner, range.first, range.end, limit)
                     : reader.query(all, range.first, range.end, limit);
  Page<ResumableUpload> page;
  readPage(page, query, wanted.limit, uploadOf<ResumableUpload>, IdPage::cursorOf);
  return page;
}

bool hasPartialUploads(store::Reader& reader, UserId owner, std::int64_t count) {
  return reader
      .query("SELECT 1 FROM uploads WHERE owner_id = ? AND state = 'partial' AND NOT by_link LIMIT 1 OFFSET ?", owner,
             count - 1)
      .next();
}

bool isPartialUpload(store::Reader& reader, std::string_view id) {
  return reader.query("SELECT 1 FROM uploads WHERE id = ? AND state = 'partial'", id).next();
}

bool isUploadedTo(store::Reader& reader, const VideoId& video) {
  return reader.query("SELECT 1 FROM uploads WHERE video_id = ? AND state = 'partial' LIMIT 1", video).next();
}

std::vector<UploadId> partialUploadsTo(store::Reader& reader, const VideoId& video) {
  auto query = reader.query("SELECT id FROM uploads WHERE video_id = ? AND state = 'partial'", video);
  std::vector<UploadId> ids;
  while (query.next()) ids.push_back({std::string(query.text(0))});
  return ids;
}

std::vector<UploadId> listExpiredUploads(store::Reader& reader, Time now, std::int64_t limit) {
  auto query = reader.query("SELECT id FROM uploads WHERE state = 'partial' AND expires <= ? ORDER BY expires LIMIT ?",
                            now, limit);
  std::vector<UploadId> ids;
  while (query.next()) ids.push_back({std::string(query.text(0))});
  return ids;
}

void insertUpload(store::Transaction& transaction, const StoredUpload& upload) {
  transaction
      .query(
          "INSERT INTO uploads (id, owner_id, video_id, made_video, by_link, length, sha256, metadata, create_time, "
          "expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          upload.id, upload.owner, upload.video, upload.madeVideo, upload.byLink, upload.size, upload.sha256,
          upload.metadata, upload.created, upload.expires)
      .run();
}

bool recordUpload(store::Transaction& transaction, const StoredUpload& upload, std::int64_t bytes, bool isChanged,
                  Time now, Time expires) {
  const bool isByte = isChanged || bytes > upload.offset;
  return transaction
             .query(
                 "UPDATE uploads SET bytes = ?1, length = ?2, last_byte_time = CASE WHEN ?3 THEN ?4 ELSE "
                 "last_byte_time "
                 "END, expires = CASE WHEN ?3 THEN ?5 ELSE expires END WHERE id = ?6 AND state = 'partial' AND bytes = "
                 "?7",
                 bytes, upload.size, isByte, now, expires, upload.id, upload.offset)
             .run() == 1;
}

bool completeUpload(store::Transaction& transaction, const StoredUpload& upload, Time now, Time expires) {
  return transaction
             .query(
                 "UPDATE uploads SET bytes = ?1, length = ?1, state = 'complete', last_byte_time = ?2, expires = ?3 "
                 "WHERE id = ?4 AND state = 'partial' AND bytes = ?5",
                 upload.size, now, expires, upload.id, upload.offset)
             .run() == 1;
}

bool expireUpload(store::Transaction& transaction, const UploadId& id, Time until) {
  return transaction
             .query(
                 "UPDATE uploads SET bytes = 0, state = 'expired', metadata = '', sha256 = NULL, expires = ? "
                 "WHERE id = ? AND state = 'partial'",
                 until, id)
             .run() == 1;
}

void expireUploadsTo(store::Transaction& transaction, const VideoId& video, Time until) {
  for (const UploadId& id : partialUploadsTo(transaction, video)) expireUpload(transaction, id, until);
  transaction.query("UPDATE uploads SET metadata = '', sha256 = NULL WHERE video_id = ? AND state = 'complete'", video)
      .run();
}

bool queueMadeVideo(store::Transaction& transaction, const VideoId& video, Time now) {
  if (transaction.query("UPDATE uploads SET made_video = 1 WHERE video_id = ? AND state = 'partial'", video).run() > 0)
    return false;
  const auto found = findVideo(transaction, video);
  return found && found->state == VideoState::pending && queueDeletion(transaction, *found, now, now);
}

std::vector<UploadId> removeLinkUploadsTo(store::Transaction& transaction, const VideoId& video) {
  std::vector<UploadId> ids;
  for (UploadId& id : partialUploadsTo(transaction, video))
    if (transaction.query("DELETE FROM uploads WHERE id = ? AND by_link", id).run() > 0) ids.push_back(std::move(id));
  return ids;
}

void deleteUpload(store::Transaction& transaction, const UploadId& id) {
  transaction.query("DELETE FROM uploads WHERE id = ?", id).run();
}

std::int64_t removeEndedUploads(store::Transaction& transaction, Time now, std::int64_t limit) {
  std::int64_t removed = 0;
  for (const UploadState state : {UploadState::complete, UploadState::expired})
    removed += transaction
                   .query(
                       "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE state = ? AND expires <= ? "
                       "ORDER BY expires LIMIT ?)",
                       state, now, limit)
                   .run();
  return removed;
}

}  // namespace video::rows

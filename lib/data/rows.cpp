#include "data/rows.hpp"

#include <map>

namespace video::rows {
namespace {

constexpr std::string_view contentsOf =
    "SELECT id, blob, size, sha256, thumbnail, play, state = 'purging' FROM video_info ";

KeptContent readContent(const store::Query& row) {
  KeptContent content;
  content.id = VideoId{std::string(row.text(0))};
  content.blob = row.text(1);
  content.size = row.integer(2);
  content.sha256 = row.text(3);
  content.thumbnail = row.text(4);
  content.play = row.text(5);
  content.isPurged = row.integer(6) != 0;
  return content;
}

}  // namespace

std::vector<ContentChange> listContentChanges(store::Reader& reader, std::int64_t number, std::int64_t limit) {
  auto query = reader.query("SELECT id, path FROM content_changes WHERE id > ? ORDER BY id LIMIT ?", number, limit);
  std::vector<ContentChange> changes;
  while (query.next()) changes.push_back({query.integer(0), std::string(query.text(1))});
  return changes;
}

std::vector<KeptContent> listKept(store::Reader& reader, const VideoId& after, std::int64_t limit) {
  std::vector<KeptContent> all;
  auto query = reader.query(std::string(contentsOf) + "WHERE id > ? ORDER BY id LIMIT ?", after, limit);
  while (query.next()) all.push_back(readContent(query));
  return all;
}

std::optional<KeptContent> findKept(store::Reader& reader, const VideoId& id) {
  auto query = reader.query(std::string(contentsOf) + "WHERE id = ?", id);
  if (!query.next()) return std::nullopt;
  return readContent(query);
}

std::vector<VideoId> listReadyOf(store::Reader& reader, UserId author, const VideoId& after, std::int64_t limit) {
  std::vector<VideoId> all;
  auto query =
      reader.query("SELECT id FROM video_info WHERE author_id = ? AND state = 'ready' AND id > ? ORDER BY id LIMIT ?",
                   author, after, limit);
  while (query.next()) all.push_back(VideoId{std::string(query.text(0))});
  return all;
}

std::int64_t countVideos(store::Reader& reader) {
  auto query = reader.query("SELECT count(*) FROM video_info");
  query.next();
  return query.integer(0);
}

bool isVideo(store::Reader& reader, std::string_view id) {
  return reader.query("SELECT 1 FROM video_info WHERE id = ?", id).next();
}

std::vector<StoredBytes> listPartialUploads(store::Reader& reader) {
  std::vector<StoredBytes> all;
  auto query = reader.query("SELECT id, bytes FROM uploads WHERE state = 'partial' AND bytes > 0 ORDER BY id");
  while (query.next()) all.push_back({std::string(query.text(0)), query.integer(1)});
  return all;
}

std::optional<std::int64_t> partialBytes(store::Reader& reader, std::string_view upload) {
  auto query = reader.query("SELECT bytes FROM uploads WHERE state = 'partial' AND id = ?", upload);
  return query.next() ? std::optional(query.integer(0)) : std::nullopt;
}

void setPartialBytes(store::Transaction& transaction, std::string_view upload, std::int64_t bytes) {
  transaction.query("UPDATE uploads SET bytes = ? WHERE state = 'partial' AND id = ?", bytes, upload).run();
}

std::vector<LostDeletion> listLostDeletions(store::Reader& reader) {
  std::vector<LostDeletion> all;
  auto dead = reader.query("SELECT video_id, last_error FROM video_del_rec WHERE state = 'dead' ORDER BY video_id");
  while (dead.next()) all.push_back({VideoId{std::string(dead.text(0))}, std::string(dead.text(1)), true});
  auto without = reader.query(
      "SELECT id FROM video_info v WHERE state IN ('deleted', 'purging') AND NOT EXISTS (SELECT 1 FROM video_del_rec "
      "WHERE video_id = v.id) ORDER BY id");
  while (without.next()) all.push_back({VideoId{std::string(without.text(0))}, {}, false});
  return all;
}

void insertDeletion(store::Transaction& transaction, const VideoId& video, Time due, Time now) {
  transaction.query("INSERT INTO video_del_rec (video_id, due, create_time) VALUES (?, ?, ?)", video, due, now).run();
}

std::vector<WrongSums> listWrongSums(store::Reader& reader) {
  std::map<std::int64_t, Sums> counted;
  auto videos = reader.query(
      "SELECT author_id, sum(state IN ('pending', 'ready')), sum(size + beside_size), "
      "sum(CASE WHEN state IN ('deleted', 'purging') THEN size + beside_size ELSE 0 END) "
      "FROM video_info GROUP BY author_id");
  while (videos.next()) counted[videos.integer(0)] = {videos.integer(1), videos.integer(2), videos.integer(3)};
  auto replaced =
      reader.query("SELECT author_id, sum(size) FROM blob_del_rec WHERE author_id IS NOT NULL GROUP BY author_id");
  while (replaced.next()) counted[replaced.integer(0)].used += replaced.integer(1);
  auto uploads = reader.query("SELECT owner_id, sum(bytes) FROM uploads WHERE state = 'partial' GROUP BY owner_id");
  while (uploads.next()) counted[uploads.integer(0)].used += uploads.integer(1);
  std::vector<WrongSums> wrong;
  auto users = reader.query("SELECT id, login_name, video_count, bytes_used, bytes_trash FROM users ORDER BY id");
  while (users.next()) {
    const Sums recorded{users.integer(2), users.integer(3), users.integer(4)};
    const Sums& right = counted[users.integer(0)];
    if (recorded != right) wrong.push_back({UserId{users.integer(0)}, std::string(users.text(1)), recorded, right});
  }
  return wrong;
}

void correctSums(store::Transaction& transaction, const WrongSums& wrong) {
  transaction
      .query(
          "UPDATE users SET video_count = video_count + ?, bytes_used = bytes_used + ?, bytes_trash = bytes_trash + ? "
          "WHERE id = ?",
          wrong.counted.videos - wrong.recorded.videos, wrong.counted.used - wrong.recorded.used,
          wrong.counted.trash - wrong.recorded.trash, wrong.user)
      .run();
}

// An imported comment counts with its bytes and 300 for the rest of its row; see migration 17.
std::vector<WrongBeside> listWrongBeside(store::Reader& reader) {
  std::vector<WrongBeside> wrong;
  auto query = reader.query(
      "SELECT id, beside_size, counted FROM (SELECT v.id, v.beside_size, v.thumbnail_size "
      "+ coalesce((SELECT sum(size) FROM subtitles WHERE video_id = v.id), 0) "
      "+ coalesce((SELECT sum(length(CAST(content AS BLOB)) + 300) FROM comments "
      "WHERE video_id = v.id AND source_id IS NOT NULL), 0) AS counted FROM video_info v) WHERE beside_size <> counted "
      "ORDER BY id");
  while (query.next()) wrong.push_back({VideoId{std::string(query.text(0))}, query.integer(1), query.integer(2)});
  return wrong;
}

void setBeside(store::Transaction& transaction, const VideoId& id, std::int64_t bytes) {
  transaction.query("UPDATE video_info SET beside_size = ? WHERE id = ?", bytes, id).run();
}

std::optional<std::string> findImported(store::Reader& reader, std::string_view site, std::string_view what,
                                        std::string_view oldId) {
  auto query =
      reader.query("SELECT new_id FROM imported WHERE site = ? AND what = ? AND old_id = ?", site, what, oldId);
  return query.next() ? std::optional(std::string(query.text(0))) : std::nullopt;
}

void insertImported(store::Transaction& transaction, std::string_view site, std::string_view what,
                    std::string_view oldId, std::string_view newId) {
  transaction.query("INSERT INTO imported (site, what, old_id, new_id) VALUES (?, ?, ?, ?)", site, what, oldId, newId)
      .run();
}

void removeImported(store::Transaction& transaction, std::string_view site, std::string_view what,
                    std::string_view oldId) {
  transaction.query("DELETE FROM imported WHERE site = ? AND what = ? AND old_id = ?", site, what, oldId).run();
}

}  // namespace video::rows

#include "videos/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/cursor.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "media/playback.hpp"
#include "renditions/rows.hpp"

namespace video::rows {
namespace {

// What follows the ID.
constexpr std::string_view columns =
    "v.author_id, u.login_name, v.name, v.state, v.display_ctime, v.create_time, v.size, v.content_type, "
    "v.sha256, v.duration_ms, v.description, v.visibility, v.blocked, "
    "(SELECT group_concat(g.tag) FROM video_tags g WHERE g.video_id = v.id), u.display_name, v.comments_off, "
    "v.width, v.height, v.video_codec, v.audio_codec, v.faststart, v.fragmented, v.has_location, v.original_sha256, "
    "v.thumbnail, v.play, v.danmaku_off, v.views, ";
// CROSS JOIN makes SQLite keep this join order, so that rows come in the order of the list's index.
constexpr std::string_view tables =
    "video_info v CROSS JOIN users u ON u.id = v.author_id AND u.deleted IS NULL "
    "LEFT JOIN video_del_rec d ON d.video_id = v.id";
constexpr std::string_view lastId = "g";  // greater than every ID, since IDs are hex
constexpr int fitsColumn = 30;            // of a list: whether the name matches

std::optional<bool> optionalBool(const store::Query& row, int column) {
  const auto value = row.optionalInteger(column);
  return value ? std::optional(*value != 0) : std::nullopt;
}

template <class Made = Video>
Made videoOf(const store::Query& row) {
  Made video;
  video.id.text = row.text(0);
  video.authorId = UserId{row.integer(1)};
  video.author = row.text(2);
  video.name = row.text(3);
  video.state = valueOf<VideoState>(row.text(4)).value_or(VideoState::pending);
  video.displayTime = row.text(5);
  video.created = row.time(6);
  video.size = row.integer(7);
  video.contentType = row.text(8);
  video.sha256 = row.text(9);
  if (row.integer(10) > 0) video.durationMs = row.integer(10);
  video.description = row.text(11);
  video.visibility = valueOf<Visibility>(row.text(12));
  video.blocked = row.optionalText(13);
  readText(row.text(14), "tags", video.tags);
  std::sort(video.tags.begin(), video.tags.end());
  video.authorDisplayName = row.optionalText(15);
  if (row.integer(16) != 0) video.commentsOff = true;
  video.width = row.optionalInteger(17);
  video.height = row.optionalInteger(18);
  video.videoCodec = row.optionalText(19);
  video.audioCodec = row.optionalText(20);
  video.faststart = optionalBool(row, 21);
  video.fragmented = optionalBool(row, 22);
  video.hasLocation = optionalBool(row, 23);
  video.originalSha256 = row.optionalText(24);
  if (!row.isNull(25))
    video.thumbnail = fmt::format("/videos/{}/thumbnail?v={}", video.id.text, versionOf(row.text(25)));
  if (!row.isNull(26)) video.play = fmt::format("/videos/{}?form=play", video.id.text);
  if (row.integer(27) != 0) video.danmakuOff = true;
  video.views = row.integer(28);
  if (!video.blocked) video.purgeTime = row.optionalTime(29);  // a blocked one is not purged
  return video;
}

// The bounds of a page. IDs sort by creation time, so times are expressed as bounds of IDs.
struct Bounds {
  std::string first;                    // ?2: inclusive lower bound
  std::string end;                      // ?3: exclusive upper bound
  std::optional<std::string> afterKey;  // ?6: sort key of the last item on the previous page
  std::optional<std::string> afterId;   // ?7: its ID
};

Bounds boundsOf(const ListQuery& wanted, VideoSort sort, bool reverse = false) {
  Bounds bounds;
  bounds.first = wanted.since ? firstUuid7Of(*wanted.since) : "";
  bounds.end = wanted.until ? firstUuid7Of(*wanted.until) : std::string(lastId);
  if (sort == VideoSort::created) {
    if (!wanted.cursor) return bounds;
    const std::string last = readCursor(*wanted.cursor, 1)[0];
    if (reverse)
      bounds.first = std::max(bounds.first, last + '!');  // greater than the last ID, less than the next
    else
      bounds.end = std::min(bounds.end, last);
  } else if (wanted.cursor) {
    const auto keys = readCursor(*wanted.cursor, 2);
    bounds.afterKey = keys[0];
    bounds.afterId = keys[1];
  } else if (reverse) {
    bounds.afterKey = sort == VideoSort::name ? "\xff" : fmt::to_string(INT64_MAX);  // no UTF-8 has this byte
    bounds.afterId = lastId;
  } else {
    bounds.afterKey = sort == VideoSort::name ? "" : "-1";
    bounds.afterId = "";
  }
  return bounds;
}

// One SELECT per state, merged by SQLite, so that each uses an index. With a tag, the index is one of video_tags.
std::string listSql(bool oneAuthor, bool twoStates, VideoSort sort, bool reverse, bool tagged) {
  const char after = reverse ? '<' : '>';
  const auto part = [&](std::string_view state) {
    const std::string_view from = tagged ? "video_tags t CROSS JOIN " : "";
    const std::string_view which = tagged ? "v.id = t.video_id AND t.tag = ?9" : "?9 IS NULL";
    const char table = tagged ? 't' : 'v';
    const std::string_view id = tagged ? "t.video_id" : "v.id";
    std::string sql = fmt::format(
        "SELECT {0}, {1}d.due, ?10 IS NULL OR v.name GLOB ?10 FROM {2}{3} WHERE {4} AND {5}.state = {6} AND {0} >= ?2 "
        "AND {0} < ?3",
        id, columns, from, tables, which, table, state);
    sql += oneAuthor ? fmt::format(" AND {}.author_id = ?5", table) : " AND ?5 IS NULL";
    if (sort == VideoSort::created) sql += " AND ?6 IS NULL AND ?7 IS NULL";
    if (sort == VideoSort::name) sql += fmt::format(" AND (v.name, v.id) {} (?6, ?7)", after);
    if (sort == VideoSort::size) sql += fmt::format(" AND (v.size, v.id) {} (CAST(?6 AS INTEGER), ?7)", after);
    if (sort == VideoSort::duration)
      sql += fmt::format(" AND (v.duration_ms, v.id) {} (CAST(?6 AS INTEGER), ?7)", after);
    return sql;
  };
  std::string sql = part("?1");
  sql += twoStates ? " UNION ALL " + part("?8") : " AND ?8 IS NULL";
  // ORDER BY uses positions, because a compound SELECT can only be sorted by its result columns.
  const std::string_view down = reverse ? " DESC" : "";
  if (sort == VideoSort::created)
    sql += reverse ? " ORDER BY 1" : " ORDER BY 1 DESC";
  else
    sql += fmt::format(" ORDER BY {0}{1}, 1{1}", sort == VideoSort::name ? 4 : sort == VideoSort::size ? 8 : 11, down);
  return sql + " LIMIT ?4";
}

// Prepares all texts once. The index follows the loops: sort or tag, order, one or all authors, one or two states.
const std::string& listSqlFor(const VideoFilter& filter, bool twoStates) {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    const auto add = [&](VideoSort sort, bool tagged) {
      for (const bool reverse : {false, true})
        for (const bool author : {false, true})
          for (const bool two : {false, true}) made.push_back(listSql(author, two, sort, reverse, tagged));
    };
    for (const VideoSort s : {VideoSort::created, VideoSort::name, VideoSort::size, VideoSort::duration}) add(s, false);
    add(VideoSort::created, true);
    return made;
  }();
  return all[(filter.tag ? 32 : static_cast<std::size_t>(filter.sort) * 8) + (filter.reverse ? 4 : 0) +
             (filter.author ? 2 : 0) + (twoStates ? 1 : 0)];
}

std::string cursorAfter(const Video& last, VideoSort sort) {
  return sort == VideoSort::created ? makeCursor({last.id.text})
         : sort == VideoSort::name  ? makeCursor({last.name, last.id.text})
         : sort == VideoSort::size  ? makeCursor({fmt::to_string(last.size), last.id.text})
                                    : makeCursor({fmt::to_string(last.durationMs.value_or(0)), last.id.text});
}

Page<Video> pageOf(store::Query query, std::int64_t limit, VideoSort sort) {
  Page<Video> page;
  readPage(page, query, limit, videoOf<>, [sort](const Video& last) { return cursorAfter(last, sort); });
  return page;
}

// The videos among the next `looked` whose name fits: a page costs no more where few do.
Page<Video> fittingOf(store::Query query, std::int64_t limit, std::int64_t looked, VideoSort sort) {
  Page<Video> page;
  Video last;
  std::size_t bytes = 0;
  for (std::int64_t seen = 0; query.next(); ++seen) {
    if (seen == looked || std::ssize(page.items) == limit || bytes >= mostPageBytes) {
      page.nextCursor = cursorAfter(last, sort);
      return page;
    }
    last = videoOf(query);
    if (query.integer(fitsColumn) == 0) continue;
    bytes += roughSize(last);
    page.items.push_back(last);
  }
  return page;
}

}  // namespace

std::optional<StoredVideo> findVideo(store::Reader& reader, const VideoId& id) {
  static const std::string sql = fmt::format(
      "SELECT v.id, {}d.due, v.blob, v.modified, v.reported, v.probed, v.drop_id, v.drop_size FROM {} WHERE v.id = ?",
      columns, tables);
  auto query = reader.query(sql, id);
  if (!query.next()) return std::nullopt;
  auto video = videoOf<StoredVideo>(query);
  video.thumbnailFile = query.optionalText(25).value_or("");
  video.playFile = query.optionalText(26).value_or("");
  video.blob = query.optionalText(30);
  video.modified = query.optionalTime(31).value_or(video.created);
  video.reported = query.integer(32) != 0;
  video.probed = query.integer(33) != 0;
  if (const auto drop = query.optionalText(34)) video.drop = ShareId{*drop};
  video.dropSize = query.optionalInteger(35);
  return video;
}

std::optional<ViewedVideo> viewOf(const store::Query& row, int first) {
  if (row.isNull(first)) return std::nullopt;
  return ViewedVideo{.owner = UserId{row.integer(first)},
                     .ready = row.integer(first + 1) != 0,
                     .visibility = valueOf<Visibility>(row.text(first + 2)).value_or(Visibility::private_),
                     .blocked = row.integer(first + 3) != 0,
                     .reported = row.integer(first + 4) != 0};
}

StoredVideo requireOf(const VideoRef& wanted, std::optional<StoredVideo> video) {
  if (!video || (wanted.user && !equalWithoutCase(*wanted.user, video->author))) throw noSuchVideo(wanted.id);
  return *std::move(video);
}

StoredVideo requireVideo(store::Reader& reader, const VideoRef& wanted) {
  return requireOf(wanted, findVideo(reader, wanted.id));
}

Error noSuchVideo(const VideoId& id) {
  return Error(Fault::notFound, fmt::format("video {}: not found", id.text)).because(Reason::noSuchVideo);
}

Error wrongState(const Video& video) {
  Error wrong(Fault::conflict, fmt::format("video {}: is {}", video.id.text, nameOf(video.state)));
  if (video.state == VideoState::deleted) wrong.because(Reason::videoDeleted);
  return wrong;
}

Error changedMeanwhile(const VideoId& id) {
  return Error(Fault::conflict, fmt::format("video {}: changed by another request; try again", id.text));
}

Page<Video> listVideos(store::Reader& reader, const VideoFilter& filter, const ListQuery& wanted) {
  constexpr std::int64_t mostLooked = 2000;
  const Bounds bounds = boundsOf(wanted, filter.sort, filter.reverse);
  const bool two = filter.states.size() > 1;
  const std::int64_t looked = filter.name ? mostLooked : wanted.limit;
  store::Query query = reader.query(listSqlFor(filter, two), filter.states.front(), bounds.first, bounds.end,
                                    looked + 1, filter.author, bounds.afterKey, bounds.afterId,
                                    two ? std::optional(filter.states.back()) : std::nullopt, filter.tag, filter.name);
  return filter.name ? fittingOf(std::move(query), wanted.limit, looked, filter.sort)
                     : pageOf(std::move(query), wanted.limit, filter.sort);
}

Page<Video> listListedVideosOf(store::Reader& reader, std::string_view user, const ListQuery& wanted) {
  static const std::string sql = fmt::format(
      "SELECT v.id, {}NULL FROM users u CROSS JOIN video_info v ON v.author_id = u.id "
      "WHERE u.login_name = ? AND u.deleted IS NULL AND {} AND v.id >= ? AND v.id < ? ORDER BY v.id DESC LIMIT ?",
      columns, listedSql);
  const Bounds bounds = boundsOf(wanted, VideoSort::created);
  return pageOf(reader.query(sql, user, bounds.first, bounds.end, wanted.limit + 1), wanted.limit, VideoSort::created);
}

Page<Video> listNewest(store::Reader& reader, const std::optional<std::string>& tag, const ListQuery& wanted) {
  constexpr std::string_view owner = "CROSS JOIN users u ON u.id = v.author_id AND u.deleted IS NULL";
  static const std::string all = fmt::format(
      "SELECT v.id, {}NULL FROM video_info v {} WHERE {} AND v.id >= ? AND v.id < ? ORDER BY v.id DESC LIMIT ?",
      columns, owner, listedSql);
  static const std::string tagged = fmt::format(
      "SELECT v.id, {}NULL FROM video_tags t CROSS JOIN video_info v ON v.id = t.video_id {} WHERE {} AND "
      "t.video_id >= ? AND t.video_id < ? AND t.tag = ? AND t.listed = 1 ORDER BY t.video_id DESC LIMIT ?",
      columns, owner, listedSql);
  const Bounds bounds = boundsOf(wanted, VideoSort::created);
  return pageOf(tag ? reader.query(tagged, bounds.first, bounds.end, *tag, wanted.limit + 1)
                    : reader.query(all, bounds.first, bounds.end, wanted.limit + 1),
                wanted.limit, VideoSort::created);
}

Page<Video> listVideosBySha256(store::Reader& reader, const VideoFilter& filter, std::string_view sha256,
                               const ListQuery& wanted) {
  static const std::string sql = fmt::format(
      "SELECT v.id, {}d.due FROM {} WHERE v.sha256 = ?1 AND v.sha256 <> '' AND v.id >= ?2 AND v.id < ?3 AND "
      "(?5 IS NULL OR v.author_id = ?5) AND v.state IN (?6, ?7) AND (?8 IS NULL OR EXISTS (SELECT 1 FROM video_tags t "
      "WHERE t.video_id = v.id AND t.tag = ?8)) ORDER BY v.id DESC LIMIT ?4",
      columns, tables);
  const Bounds bounds = boundsOf(wanted, VideoSort::created);
  return pageOf(reader.query(sql, sha256, bounds.first, bounds.end, wanted.limit + 1, filter.author,
                             filter.states.front(), filter.states.back(), filter.tag),
                wanted.limit, VideoSort::created);
}

KnownContent findContent(store::Reader& reader, UserId author, std::string_view sha256, Time since) {
  KnownContent known;
  // The plus signs keep SQLite from reading all videos of the author instead of those with the hash.
  auto ready = reader.query(
      "SELECT id FROM video_info WHERE ((sha256 = ?1 AND sha256 <> '') OR original_sha256 = ?1) AND +author_id = ?2 "
      "AND "
      "+state = 'ready' LIMIT 1",
      sha256, author);
  if (ready.next()) {
    known.state = ContentState::present;
    known.video = VideoId{std::string(ready.text(0))};
    return known;
  }
  auto trash = reader.query(
      "SELECT v.id, d.create_time FROM video_info v CROSS JOIN video_del_rec d ON d.video_id = v.id WHERE "
      "((v.sha256 = ?1 AND v.sha256 <> '') OR v.original_sha256 = ?1) AND +v.author_id = ?2 AND "
      "+v.state IN ('deleted', 'purging') AND d.create_time > ?3 LIMIT 1",
      sha256, author, since);
  auto purged = reader.query("SELECT NULL, time FROM deleted_contents WHERE author_id = ? AND sha256 = ? AND time > ?",
                             author, sha256, since);
  for (store::Query* query : {&trash, &purged}) {
    if (!query->next()) continue;
    known.state = ContentState::deleted;
    if (const auto id = query->optionalText(0)) known.video = VideoId{*id};
    known.deleted = query->time(1);
    break;
  }
  return known;
}

bool hasDeletedContents(store::Reader& reader, Time until) {
  return reader.query("SELECT 1 FROM deleted_contents WHERE time <= ? LIMIT 1", until).next();
}

bool isContentUsed(store::Reader& reader, std::string_view blob) {
  return reader.query("SELECT 1 FROM video_info WHERE blob = ?", blob).next();
}

std::int64_t countReady(store::Reader& reader) {
  auto query = reader.query("SELECT count(*) FROM video_info WHERE state = 'ready'");
  query.next();
  return query.integer(0);
}

std::optional<VideoId> nextReady(store::Reader& reader, const VideoId& after) {
  auto query = reader.query("SELECT id FROM video_info WHERE state = 'ready' AND id > ? ORDER BY id LIMIT 1", after);
  return query.next() ? std::optional(VideoId{std::string(query.text(0))}) : std::nullopt;
}

std::vector<UnprobedContent> listUnprobed(store::Reader& reader, const VideoId& after, std::int64_t limit) {
  std::vector<UnprobedContent> all;
  auto query = reader.query(
      "SELECT v.id, coalesce(v.blob, ''), v.content_type FROM video_info v WHERE v.state = 'ready' AND v.probed = 0 "
      "AND "
      "v.id > ? AND NOT EXISTS (SELECT 1 FROM damaged_contents d WHERE d.video_id = v.id AND d.blob = v.blob) "
      "ORDER BY v.id LIMIT ?",
      after, limit);
  while (query.next())
    all.push_back({VideoId{std::string(query.text(0))}, std::string(query.text(1)), std::string(query.text(2))});
  return all;
}

std::vector<std::string> notesOf(const StoredVideo& video) {
  if (video.state != VideoState::ready || !video.probed) return {};
  return media::playbackNotes(video.contentType, {.durationMs = video.durationMs,
                                                  .width = video.width,
                                                  .height = video.height,
                                                  .videoCodec = video.videoCodec,
                                                  .audioCodec = video.audioCodec,
                                                  .faststart = video.faststart,
                                                  .fragmented = video.fragmented,
                                                  .hasLocation = video.hasLocation});
}

bool isDamageNoted(store::Reader& reader, const VideoId& id, std::string_view blob) {
  return reader.query("SELECT 1 FROM damaged_contents WHERE video_id = ? AND blob = ?", id, blob).next();
}

std::vector<VideoId> listDamaged(store::Reader& reader, std::int64_t limit) {
  std::vector<VideoId> all;
  auto query = reader.query(
      "SELECT d.video_id FROM damaged_contents d CROSS JOIN video_info v ON v.id = d.video_id "
      "WHERE d.video_id > '' AND v.state = 'ready' ORDER BY d.video_id LIMIT ?",
      limit);
  while (query.next()) all.push_back(VideoId{std::string(query.text(0))});
  return all;
}

VideoId verifyPosition(store::Reader& reader) {
  auto query = reader.query("SELECT video_id FROM verify_position WHERE only_row = 1");
  return query.next() ? VideoId{std::string(query.text(0))} : VideoId{};
}

void setVerifyPosition(store::Transaction& transaction, const VideoId& id) {
  transaction.query("UPDATE verify_position SET video_id = ? WHERE only_row = 1", id).run();
}

bool noteDamage(store::Transaction& transaction, const VideoId& id, std::string_view blob, std::string_view why,
                Time now) {
  return transaction
             .query(
                 "INSERT INTO damaged_contents (video_id, blob, why, time) SELECT id, blob, ?, ? FROM video_info "
                 "WHERE id = ? AND blob = ? AND state = 'ready' ON CONFLICT (video_id) DO UPDATE SET blob = "
                 "excluded.blob, "
                 "why = excluded.why, time = excluded.time WHERE blob <> excluded.blob",
                 why, now, id, blob)
             .run() == 1;
}

void clearDamage(store::Transaction& transaction, const VideoId& id) {
  transaction.query("DELETE FROM damaged_contents WHERE video_id = ?", id).run();
}

bool hasListedVideos(store::Reader& reader, UserId user) {
  auto query = reader.query(
      "SELECT 1 FROM video_info WHERE author_id = ?1 AND state = 'ready' UNION ALL "
      "SELECT 1 FROM video_info WHERE author_id = ?1 AND state = 'pending' LIMIT 1",
      user);
  return query.next();
}

bool hasPendingVideos(store::Reader& reader, UserId user, std::int64_t count) {
  return reader
      .query("SELECT 1 FROM video_info WHERE author_id = ? AND state = 'pending' AND drop_id IS NULL LIMIT 1 OFFSET ?",
             user, count - 1)
      .next();
}

void insertVideo(store::Transaction& transaction, const Video& video) {
  transaction
      .query(
          "INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, visibility) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)",
          video.id, video.authorId, video.name, video.state, video.displayTime, video.created, video.visibility)
      .run();
}

bool setContent(store::Transaction& transaction, const StoredVideo& before, const NewContent& content, Time now) {
  // Last-Modified has whole seconds and must differ from that of the content before.
  if (before.blob)
    now = std::max<Time>(now, std::chrono::floor<std::chrono::seconds>(before.modified) + std::chrono::seconds{1});
  clearDamage(transaction, before.id);
  renewRenditions(transaction, before.id, now);
  const bool isSet = transaction
                         .query(
                             "UPDATE video_info SET state = 'ready', blob = ?, size = ?, sha256 = ?, content_type = ?, "
                             "modified = ?, original_sha256 = ? "
                             "WHERE id = ? AND state IN ('pending', 'ready') AND coalesce(blob, '') = ?",
                             content.blob, content.size, content.sha256, content.contentType, now,
                             content.originalSha256, before.id, before.blob.value_or(""))
                         .run() == 1;
  return isSet && setMedia(transaction, before.id, content.blob, content.media);
}

bool setMedia(store::Transaction& transaction, const VideoId& id, std::string_view blob,
              const std::optional<media::MediaInfo>& media) {
  const media::MediaInfo info = media.value_or(media::MediaInfo{});
  return transaction
             .query(
                 "UPDATE video_info SET duration_ms = ?, width = ?, height = ?, video_codec = ?, audio_codec = ?, "
                 "faststart = ?, fragmented = ?, has_location = ?, probed = ? WHERE id = ? AND blob = ?",
                 info.durationMs.value_or(0), info.width, info.height, info.videoCodec, info.audioCodec, info.faststart,
                 info.fragmented, info.hasLocation, media.has_value(), id, blob)
             .run() == 1;
}

void setVideo(store::Transaction& transaction, const Video& video) {
  transaction
      .query(
          "UPDATE video_info SET name = ?, description = ?, visibility = ?, comments_off = ?, danmaku_off = ? "
          "WHERE id = ?",
          video.name, video.description, video.visibility, video.commentsOff.value_or(false),
          video.danmakuOff.value_or(false), video.id)
      .run();
  transaction.query("DELETE FROM video_tags WHERE video_id = ?", video.id).run();
  for (const std::string& tag : video.tags)
    transaction
        .query(
            "INSERT INTO video_tags (video_id, tag, author_id, state, listed) "
            "SELECT id, ?, author_id, state, listed FROM video_info WHERE id = ?",
            tag, video.id)
        .run();
}

void setOwner(store::Transaction& transaction, const VideoId& id, UserId owner) {
  transaction.query("UPDATE video_info SET author_id = ? WHERE id = ?", owner, id).run();
}

bool setState(store::Transaction& transaction, const VideoId& id, VideoState from, VideoState to) {
  return transaction.query("UPDATE video_info SET state = ? WHERE id = ? AND state = ?", to, id, from).run() == 1;
}

void setBlocked(store::Transaction& transaction, const VideoId& id, std::string_view reason, std::optional<UserId> by,
                Time now) {
  transaction
      .query("UPDATE video_info SET blocked = ?, blocked_by = ?, blocked_time = ? WHERE id = ?", reason, by, now, id)
      .run();
}

void clearBlocked(store::Transaction& transaction, const VideoId& id) {
  transaction.query("UPDATE video_info SET blocked = NULL, blocked_by = NULL, blocked_time = NULL WHERE id = ?", id)
      .run();
}

std::int64_t transferVideos(store::Transaction& transaction, UserId from, UserId to, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE video_info SET author_id = ?2 WHERE id IN (SELECT id FROM video_info WHERE author_id = ?1 LIMIT ?3)",
          from, to, limit)
      .run();
}

void rememberContent(store::Transaction& transaction, const VideoId& id) {
  transaction
      .query(
          "INSERT INTO deleted_contents (author_id, sha256, time) SELECT v.author_id, coalesce(v.original_sha256, "
          "v.sha256), d.create_time "
          "FROM video_info v CROSS JOIN video_del_rec d ON d.video_id = v.id "
          "CROSS JOIN users u ON u.id = v.author_id AND u.deleted IS NULL WHERE v.id = ? AND v.sha256 <> '' "
          "ON CONFLICT (author_id, sha256) DO UPDATE SET "
          "time = CASE WHEN excluded.time > deleted_contents.time THEN excluded.time ELSE deleted_contents.time END",
          id)
      .run();
}

std::int64_t expireDeletedContents(store::Transaction& transaction, Time until, std::int64_t limit) {
  return transaction
      .query(
          "DELETE FROM deleted_contents WHERE (author_id, sha256) IN "
          "(SELECT author_id, sha256 FROM deleted_contents WHERE time <= ? LIMIT ?)",
          until, limit)
      .run();
}

std::int64_t removeDeletedContentsOf(store::Transaction& transaction, UserId author, std::int64_t limit) {
  return transaction
      .query(
          "DELETE FROM deleted_contents WHERE (author_id, sha256) IN "
          "(SELECT author_id, sha256 FROM deleted_contents WHERE author_id = ? LIMIT ?)",
          author, limit)
      .run();
}

Page<DeletedContent> listDeletedContents(store::Reader& reader, UserId author, const ListQuery& wanted) {
  const std::string after = wanted.cursor ? readCursor(*wanted.cursor, 1).front() : std::string();
  auto query = reader.query(
      "SELECT sha256, time FROM deleted_contents WHERE author_id = ? AND sha256 > ? ORDER BY sha256 LIMIT ?", author,
      after, wanted.limit + 1);
  Page<DeletedContent> page;
  readPage(
      page, query, wanted.limit,
      [](const store::Query& row) {
        return DeletedContent{std::string(row.text(0)), row.time(1)};
      },
      [](const DeletedContent& last) { return makeCursor({last.sha256}); });
  return page;
}

std::int64_t removeBlocker(store::Transaction& transaction, UserId user, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE video_info SET blocked_by = NULL WHERE id IN (SELECT id FROM video_info WHERE blocked_by = ? LIMIT "
          "?)",
          user, limit)
      .run();
}

bool deleteVideo(store::Transaction& transaction, const VideoId& id) {
  return transaction.query("DELETE FROM video_info WHERE id = ? AND state = 'purging'", id).run() == 1;
}

}  // namespace video::rows

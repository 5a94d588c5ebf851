#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "http/client/client.hpp"
#include "http/header_values.hpp"
#include "http/routing/router.hpp"
#include "http/tus.hpp"
#include "uploads/fields.hpp"
#include "uploads/make.hpp"

namespace video {
namespace {

namespace tus = http::tus;

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Upload, Uploaded> form{{.name = "uploads.put",
                                           .method = Method::post,
                                           .path = "/upload/{id}",
                                           .success = 201,
                                           .roles = http::stream,
                                           .summary = "Upload a video's content",
                                           .formPart = "file",
                                           .mediaType = "text/plain",
                                           .flags = {.plainErrors = true, .tooLargeIs400 = true, .takesLink = true}}};
constexpr Endpoint<Upload, Uploaded> put{{.name = "uploads.put",
                                          .method = Method::put,
                                          .path = "/upload/{id}",
                                          .success = 201,
                                          .roles = http::stream,
                                          .summary = "Upload a video's content",
                                          .mediaType = "text/plain",
                                          .flags = {.plainErrors = true, .takesLink = true}}};
constexpr Endpoint<BeginUpload, UploadStatus> begin{
    {.name = "uploads.begin",
     .method = Method::post,
     .path = "/upload/{id}/begin",
     .roles = http::stream,
     .summary = "Check whether an upload would be accepted before sending it",
     .flags = {.takesLink = true}}};
constexpr Endpoint<BeginUpload, UploadStatus> status{{.name = "uploads.status",
                                                      .method = Method::get,
                                                      .path = "/upload/{id}/status",
                                                      .roles = http::stream,
                                                      .summary = "Show the state of an upload",
                                                      .flags = {.takesLink = true}}};
constexpr Endpoint<VideoRef, Uploaded> stripLocation{{.name = "uploads.stripLocation",
                                                      .method = Method::post,
                                                      .path = "/video/{id}/strip-location",
                                                      .summary = "Remove from a video's file where it was taken"}};
constexpr Endpoint<RehearseUpload, RehearsedUpload> rehearse{
    {.name = "uploads.rehearse",
     .method = Method::post,
     .path = "/user/{user_name}/uploads/rehearse",
     .summary = "Check whether an upload would succeed before creating the video"}};
constexpr http::Route probe{.name = "uploads.probe",
                            .method = Method::post,
                            .path = "/uploads/probe",
                            .success = 204,
                            .roles = http::stream,
                            .summary = "Ask whether a file that begins with these bytes, at most 64 KiB, is taken"};
constexpr http::RouteFlags tusFlags{.takesLink = true, .keepsHeaders = true, .waitsForToken = true};
constexpr http::Route options{.name = "uploads.options",
                              .method = Method::options,
                              .path = "/uploads",
                              .success = 204,
                              .roles = http::stream,
                              .summary = "Show what resumable uploads (tus 1.0) support",
                              .header = tus::versionHeader};
constexpr http::Route create{.name = "uploads.create",
                             .method = Method::post,
                             .path = "/uploads",
                             .success = 201,
                             .roles = http::stream,
                             .summary = "Start a resumable upload (tus 1.0)",
                             .header = tus::versionHeader,
                             .flags = tusFlags};
constexpr http::Route resume{.name = "uploads.resume",
                             .method = Method::head,
                             .path = "/uploads/{id}",
                             .roles = http::stream,
                             .summary = "Stop the request that is sending, and get the offset to go on at (tus 1.0)",
                             .header = tus::versionHeader,
                             .flags = tusFlags};
constexpr http::Route append{.name = "uploads.append",
                             .method = Method::patch,
                             .path = "/uploads/{id}",
                             .success = 204,
                             .roles = http::stream,
                             .summary = "Send the next piece of a resumable upload (tus 1.0)",
                             .header = tus::versionHeader,
                             .flags = tusFlags};
constexpr http::Route other{.name = "uploads.append",
                            .method = Method::post,
                            .path = "/uploads/{id}",
                            .success = 204,
                            .roles = http::stream,
                            .summary = "Do what the method in X-HTTP-Method-Override does: PATCH or DELETE (tus 1.0)",
                            .header = tus::versionHeader,
                            .flags = tusFlags};
constexpr http::Route abort{.name = "uploads.abort",
                            .method = Method::delete_,
                            .path = "/uploads/{id}",
                            .success = 204,
                            .roles = http::stream,
                            .summary = "Remove a resumable upload (tus 1.0)",
                            .header = tus::versionHeader,
                            .flags = tusFlags};
constexpr Endpoint<UploadRef, ResumableUpload> show{{.name = "uploads.show",
                                                     .method = Method::get,
                                                     .path = "/uploads/{id}",
                                                     .roles = http::stream,
                                                     .summary = "Show a resumable upload",
                                                     .header = tus::versionHeader,
                                                     .flags = {.takesLink = true}}};
constexpr Endpoint<UploadQuery, Page<ResumableUpload>> list{{.name = "uploads.list",
                                                             .method = Method::get,
                                                             .path = "/uploads",
                                                             .roles = http::stream,
                                                             .summary = "List resumable uploads",
                                                             .header = tus::versionHeader}};
constexpr http::Route testpage{.name = "uploads.testpage",
                               .method = Method::get,
                               .path = "/testpage",
                               .roles = http::stream,
                               .summary = "Get the upload page for browsers"};
}  // namespace wire

// The test page of the original site: a form that uploads to a video. A first form selects the video, so that no script
// is needed.
constexpr std::string_view askPage = R"(<form action="/testpage">
<p><label>Video id, or upload_url: <input name="video" size="60" required autofocus></label>
<button>Go on</button></p>
</form>)";
constexpr std::string_view uploadPage = R"(<form action="{}" method="post" enctype="multipart/form-data">
<p><label>File: <input type="file" name="file" required></label>
<button>Upload</button></p>
<p>A video id alone needs you to be signed in here; an upload_url does not.</p>
</form>)";

// Returns the target of the upload form: the path of the upload, with the signed link if there is one. Throws
// malformed.
std::string uploadTarget(const std::string& video) {
  constexpr std::string_view folder = "/upload/";
  const auto isPlain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-_.?=&").find(c) != std::string::npos;
  };
  const std::string_view rest = std::string_view(video).substr(video.starts_with(folder) ? folder.size() : 0);
  if (rest.empty() || rest.front() == '.' || !std::all_of(rest.begin(), rest.end(), isPlain))
    throw Error(Fault::malformed, "video: neither a video id nor an upload_url");
  std::string target(folder);
  for (const char c : rest) target += c == '&' ? std::string("&amp;") : std::string(1, c);
  return target;
}

void sayPage(const http::Exchange& exchange, http::Answer& answer) {
  std::string form(askPage);
  for (const auto& [name, value] : exchange.query())
    if (name == "video") form = fmt::format(uploadPage, uploadTarget(value));
  answer.set("Content-Type", "text/html; charset=utf-8");
  answer.set("Content-Security-Policy",
             "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
  answer.set("Referrer-Policy", "no-referrer");
  answer.content.push_back(
      {fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<title>Upload a video</title>\n{}\n</html>\n", form), nullptr,
       0, 0});
}

constexpr std::string_view uploadsPath = "/uploads/";
// A proxy must be able to take the header of a reply that has it: nginx takes 4 KiB.
constexpr std::size_t mostMetadata = 2048;

// Returns the name of a new video: `name`, or the file's name in its folder.
std::optional<std::string> nameOfFile(std::string name, const std::string& file, std::string path) {
  if (!name.empty()) return name;
  if (path == "null") path.clear();  // what Uppy sends for none
  if (path.empty() || path == file) return file.empty() ? std::nullopt : std::optional(file);
  return file.empty() || path.ends_with('/' + file) ? path : path + '/' + file;
}

NewUpload newUploadOf(const http::Head& head) {
  if (!head.header("Upload-Concat").empty()) throw Error(Fault::malformed, "Upload-Concat: is not supported");
  NewUpload wanted;
  wanted.size = tus::readNumber(head, "Upload-Length");
  const auto deferred = tus::readNumber(head, "Upload-Defer-Length");
  if (deferred && *deferred != 1) throw Error(Fault::malformed, "Upload-Defer-Length: must be 1");
  if (wanted.size.has_value() == deferred.has_value())
    throw Error(Fault::malformed, "Upload-Length: give it, or Upload-Defer-Length");
  wanted.metadata = tus::readOnce(head, "Upload-Metadata").value_or("");
  if (wanted.metadata.size() > mostMetadata)
    throw Error(Fault::malformed, fmt::format("Upload-Metadata: is longer than {} bytes", mostMetadata));
  std::optional<std::string> name;
  std::optional<std::string> file;
  std::optional<std::string> path;
  std::optional<std::string> video;
  std::optional<std::string> user;
  std::optional<std::string> sha256;
  std::optional<std::string> visibility;
  for (auto& [key, value] : tus::readMetadata(wanted.metadata)) {
    const std::array<std::pair<std::string_view, std::optional<std::string>*>, 7> known{{{"name", &name},
                                                                                         {"filename", &file},
                                                                                         {"relativePath", &path},
                                                                                         {"video", &video},
                                                                                         {"user", &user},
                                                                                         {"sha256", &sha256},
                                                                                         {"visibility", &visibility}}};
    for (const auto& [its, to] : known) {
      if (key != its) continue;
      if (!isUtf8(value)) throw Error(Fault::malformed, fmt::format("Upload-Metadata: {}: is not UTF-8", key));
      *to = std::move(value);
      break;
    }
  }
  if (video) wanted.video = VideoId{*std::move(video)};
  wanted.user = std::move(user);
  wanted.sha256 = std::move(sha256);
  if (visibility) {
    wanted.visibility = valueOf<Visibility>(*visibility);
    if (!wanted.visibility)
      throw Error(Fault::malformed,
                  fmt::format("Upload-Metadata: visibility: is none of {}", namesOf<Visibility>(", ")));
  }
  wanted.name = nameOfFile(name.value_or(""), file.value_or(""), path.value_or(""));
  return wanted;
}

void addHeaders(const ResumableUpload& upload, http::Answer& answer) {
  answer.set("Upload-Offset", fmt::to_string(upload.offset));
  answer.set("Upload-Expires", formatHttpTime(upload.expires));
  answer.set("X-Video-Id", upload.video.text);
}

UploadId uploadIdOf(const http::Exchange& exchange) {
  return {std::string(exchange.pathParameter("id").value_or(""))};
}

std::optional<Checksum> checksumOf(const http::Head& head) {
  const auto text = tus::readOnce(head, "Upload-Checksum");
  if (!text) return std::nullopt;
  auto [function, hex] = tus::readChecksum(*text);
  return Checksum{function, std::move(hex)};
}

void answerCreate(Uploads& uploads, const http::Exchange& exchange, http::Answer& answer) {
  const http::Head& head = exchange.request.head;
  tus::requireVersion(head, answer);
  const NewUpload wanted = newUploadOf(head);
  const bool hasPiece = head.hasBody();
  if (hasPiece) tus::requirePiece(head);
  const auto checksum = hasPiece ? checksumOf(head) : std::nullopt;
  const auto digest = hasPiece ? exchange.contentDigest() : std::nullopt;
  // Before anything is made: a client that is told to wait asks again.
  if (hasPiece && exchange.request.bytes->start) exchange.request.bytes->start();
  ResumableUpload upload = uploads.create(exchange.by, wanted);
  if (hasPiece) {
    try {
      upload = uploads.append(exchange.by, {.id = upload.id, .checksum = checksum, .digest = digest},
                              *exchange.request.bytes);
    } catch (const std::exception&) {
      // The client does not know the upload and cannot resume it. Through a link, the next upload replaces it; to abort
      // it would take the announced video away.
      try {
        if (!std::holds_alternative<SignedLink>(exchange.by)) uploads.abort(exchange.by, {upload.id});
      } catch (const std::exception&) {
        // It expires.
      }
      throw;
    }
  }
  // A path, which is right behind every proxy. A client sends no credential of its own to it if it has a link.
  std::string location = fmt::format("{}{}", uploadsPath, upload.id.text);
  if (std::holds_alternative<SignedLink>(exchange.by)) location += fmt::format("?{}", head.query);
  answer.set("Location", std::move(location));
  addHeaders(upload, answer);
}

void answerResume(Uploads& uploads, const http::Exchange& exchange, http::Answer& answer) {
  tus::requireVersion(exchange.request.head, answer);
  ResumableUpload upload;
  try {
    upload = uploads.resume(exchange.by, {uploadIdOf(exchange)});
  } catch (const Error& error) {
    // Clients take any other status for the end of the upload, and start again from the beginning.
    if (rowOf(error.fault()).httpStatus >= 500)
      throw Error(Fault::locked, std::string(error.sentence()), error.retryAfter());
    throw;
  }
  addHeaders(upload, answer);
  if (upload.size)
    answer.set("Upload-Length", fmt::to_string(*upload.size));
  else
    answer.set("Upload-Defer-Length", "1");
  if (!upload.metadata.empty()) answer.set("Upload-Metadata", upload.metadata);
}

void answerAppend(Uploads& uploads, const http::Exchange& exchange, http::Answer& answer) {
  const http::Head& head = exchange.request.head;
  tus::requireVersion(head, answer);
  tus::requirePiece(head);
  const auto offset = tus::readNumber(head, "Upload-Offset");
  if (!offset) throw Error(Fault::malformed, "Upload-Offset: is missing");
  const AppendUpload wanted{.id = uploadIdOf(exchange),
                            .offset = *offset,
                            .size = tus::readNumber(head, "Upload-Length"),
                            .checksum = checksumOf(head),
                            .digest = exchange.contentDigest()};
  try {
    addHeaders(uploads.append(exchange.by, wanted, *exchange.request.bytes), answer);
  } catch (const Error& error) {
    if (error.fault() == Fault::conflict)
      answer.set("Upload-Offset", fmt::to_string(uploads.show(exchange.by, {wanted.id}).offset));
    throw;
  }
}

void answerAbort(Uploads& uploads, const http::Exchange& exchange, http::Answer& answer) {
  tus::requireVersion(exchange.request.head, answer);
  uploads.abort(exchange.by, {uploadIdOf(exchange)});
}

void answerOther(Uploads& uploads, const http::Exchange& exchange, http::Answer& answer) {
  const std::string_view method = exchange.request.head.header(tus::methodOverride);
  if (method == "PATCH") return answerAppend(uploads, exchange, answer);
  if (method == "DELETE") return answerAbort(uploads, exchange, answer);
  throw Error(Fault::malformed, fmt::format("{}: must be PATCH or DELETE", tus::methodOverride));
}

class RemoteUploads : public Uploads {
 public:
  explicit RemoteUploads(http::Client& server) : server_(server) {}
  UploadStatus begin(const Credential& by, const BeginUpload& wanted) override {
    return server_.call(wire::begin, by, wanted);
  }
  Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) override {
    BeginUpload first{wanted.id, std::nullopt, wanted.digest};
    if (bytes.size) first.size = static_cast<std::int64_t>(*bytes.size);
    const bool replaced = begin(by, first).ready;  // so that a refusal is known before a byte is sent
    server_.send(wire::put, by, wanted, bytes);
    const UploadStatus now = status(by, first);
    return {now.id, replaced, now.size, now.sha256, now.contentType, now.notes};
  }
  RehearsedUpload rehearse(const Credential& by, const RehearseUpload& wanted) override {
    return server_.rehearse(wire::rehearse, by, wanted);
  }
  void probe(const Credential& by, std::string_view front) override {
    const auto bytes = std::as_bytes(std::span(front));
    ByteSource source{.push = [bytes](const ByteSink& sink) { sink(bytes); }, .size = bytes.size(), .repeatable = true};
    server_.sendPiece(wire::probe, by, Nothing{}, {}, &source);
  }
  Uploaded stripLocation(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::stripLocation, by, wanted);
  }
  UploadStatus status(const Credential& by, const BeginUpload& wanted) override {
    return server_.call(wire::status, by, wanted);
  }
  ResumableUpload create(const Credential& by, const NewUpload& wanted) override {
    tus::Metadata pairs;
    const auto add = [&](const char* key, const auto& value) {
      if (value) pairs.emplace_back(key, toText(*value));
    };
    add("video", wanted.video);
    add("user", wanted.user);
    add("name", wanted.name);
    add("sha256", wanted.sha256);
    add("visibility", wanted.visibility);
    http::HeaderFields headers = tusHeaders();
    if (wanted.size)
      headers.emplace_back("Upload-Length", fmt::to_string(*wanted.size));
    else
      headers.emplace_back("Upload-Defer-Length", "1");
    if (!pairs.empty()) headers.emplace_back("Upload-Metadata", tus::writeMetadata(pairs));
    const http::HeaderFields reply = server_.sendPiece(wire::create, by, Nothing{}, headers);
    std::string_view location = http::headerOf(reply, "Location");
    location = location.substr(0, location.find('?'));
    const std::size_t slash = location.rfind('/');
    return show(by, {{std::string(location.substr(slash == std::string_view::npos ? 0 : slash + 1))}});
  }
  ResumableUpload resume(const Credential& by, const UploadRef& wanted) override {
    server_.sendPiece(wire::resume, by, wanted, tusHeaders());
    return show(by, wanted);
  }
  ResumableUpload append(const Credential& by, const AppendUpload& wanted, const ByteSource& bytes) override {
    http::HeaderFields headers = tusHeaders();
    headers.emplace_back(tus::methodOverride, "PATCH");  // httplib cannot stream the body of a PATCH
    headers.emplace_back("Upload-Offset", fmt::to_string(wanted.offset));
    if (wanted.size) headers.emplace_back("Upload-Length", fmt::to_string(*wanted.size));
    if (wanted.checksum)
      headers.emplace_back("Upload-Checksum", tus::writeChecksum(wanted.checksum->function, wanted.checksum->hex));
    if (wanted.digest) headers.emplace_back("Content-Digest", http::writeContentDigest(*wanted.digest));
    server_.sendPiece(wire::other, by, UploadRef{wanted.id}, headers, &bytes);
    return show(by, {wanted.id});
  }
  void abort(const Credential& by, const UploadRef& wanted) override {
    server_.sendPiece(wire::abort, by, wanted, tusHeaders());
  }
  ResumableUpload show(const Credential& by, const UploadRef& wanted) override {
    return server_.call(wire::show, by, wanted);
  }
  Page<ResumableUpload> list(const Credential& by, const UploadQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }

 private:
  static http::HeaderFields tusHeaders() {
    return {{std::string(tus::versionHeader.first), std::string(tus::version)}};
  }

  http::Client& server_;
};

}  // namespace

std::unique_ptr<Uploads> makeRemoteUploads(http::Client& server) {
  return std::make_unique<RemoteUploads>(server);
}

void serveUploads(http::Router& router, LocalUploads& uploads) {
  const auto take = [&](auto& by, Upload& wanted, const ByteSource& bytes, const http::Exchange& exchange) {
    if (auto digest = exchange.contentDigest()) wanted.digest = std::move(digest);
    return uploads.put(by, wanted, bytes);
  };
  const auto answer = [](const Uploaded& given, const http::Exchange& exchange, http::Answer& said) {
    said.content.clear();
    said.headers.clear();  // those of the JSON reply
    if (given.replaced && exchange.route.method == http::Method::put) {
      said.status = 204;
      return;
    }
    said.set("Content-Type", "text/plain; charset=utf-8");
    said.content.push_back({"Uploaded successfully", nullptr, 0, 0});
  };
  router.serveUpload(wire::form, take, answer);
  router.serveUpload(wire::put, take, answer);
  router.serveRaw(wire::testpage, sayPage);
  router.serve(wire::begin, [&](auto& by, auto& wanted) { return uploads.begin(by, wanted); });
  router.serve(wire::rehearse, [&](auto& by, auto& wanted) { return uploads.rehearse(by, wanted); });
  router.serveRaw(wire::probe, [&](const http::Exchange& exchange, http::Answer&) {
    uploads.probe(exchange.by, exchange.request.body);
  });
  router.serve(wire::stripLocation, [&](auto& by, auto& wanted) { return uploads.stripLocation(by, wanted); });
  router.serve(wire::status, [&](auto& by, auto& wanted) { return uploads.status(by, wanted); });

  const auto with = [&uploads](auto answerOne) {
    return [&uploads, answerOne](const http::Exchange& exchange, http::Answer& said) {
      answerOne(uploads, exchange, said);
    };
  };
  router.serveRaw(wire::options,
                  [&](const http::Exchange&, http::Answer& said) { tus::answerOptions(uploads.maxSize(), said); });
  router.serveBytes(wire::create, with(answerCreate));
  router.serveRaw(wire::resume, with(answerResume));
  router.serveBytes(wire::append, with(answerAppend));
  router.serveBytes(wire::other, with(answerOther));
  router.serveRaw(wire::abort, with(answerAbort));
  router.serve(wire::show, [&](auto& by, auto& wanted) { return uploads.show(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return uploads.list(by, wanted); });
}

}  // namespace video

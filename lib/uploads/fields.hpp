#pragma once

#include "uploads/uploads.hpp"
#include "videos/fields.hpp"

namespace video {

template <>
struct Fields<Upload> {
  static constexpr std::tuple list{
      Field{"id", &Upload::id, "ID of the video"},
      Field{"sha256", &Upload::digest, "expected SHA-256, hex"},
  };
};

template <>
struct Fields<BeginUpload> {
  static constexpr std::tuple list{
      Field{"id", &BeginUpload::id, "ID of the video"},
      Field{"size", &BeginUpload::size, "size of the upload in bytes"},
      Field{"sha256", &BeginUpload::sha256, "SHA-256 of the upload, hex"},
  };
};

template <>
struct Fields<UploadStatus> {
  static constexpr std::tuple list{
      Field{"id", &UploadStatus::id, "ID of the video"},
      Field{"ready", &UploadStatus::ready, "whether the video has its content"},
      Field{"under_way", &UploadStatus::underWay, "whether an upload to the video is in progress"},
      Field{"size", &UploadStatus::size, "size of the current content in bytes"},
      Field{"sha256", &UploadStatus::sha256, "SHA-256 of the current content, hex"},
      Field{"content_type", &UploadStatus::contentType, "media type of the current content"},
      Field{"same", &UploadStatus::same, "whether the current content is the one asked about"},
      Field{"notes", &UploadStatus::notes, "why the current content does not play everywhere"},
  };
};

template <>
struct Fields<RehearseUpload> {
  static constexpr std::tuple list{
      Field{"user_name", &RehearseUpload::user, "the owner"},
      Field{"name", &RehearseUpload::name, "name of the video"},
      Field{"size", &RehearseUpload::size, "size of the upload in bytes"},
      Field{"ahead", &RehearseUpload::ahead, "total size in bytes of uploads that would come first"},
      Field{"front", &RehearseUpload::front, "the first 4096 bytes of the file, hex"},
  };
};

template <>
struct Fields<RehearsedUpload> {
  static constexpr std::tuple list{
      Field{"content_type", &RehearsedUpload::contentType, "media type the video would have"},
  };
};

template <>
struct Fields<Uploaded> {
  static constexpr std::tuple list{
      Field{"id", &Uploaded::id, "ID of the video"},
      Field{"replaced", &Uploaded::replaced, "whether it replaced earlier content"},
      Field{"size", &Uploaded::size, "size in bytes"},
      Field{"sha256", &Uploaded::sha256, "SHA-256 of the content, hex"},
      Field{"content_type", &Uploaded::contentType, "media type"},
      Field{"notes", &Uploaded::notes, "why it does not play everywhere"},
  };
};

}  // namespace video

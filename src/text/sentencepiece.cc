/* text/sentencepiece.cc - libsentencepiece through a C interface; no exception leaves this file. */
#include "text/sentencepiece.h"

#include <sentencepiece_processor.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

struct sentencepiece_model {
    sentencepiece::SentencePieceProcessor processor;
};

smac_status sentencepiece_open(const void *data, size_t size, sentencepiece_model **out, smac_error *error)
{
    *out = nullptr;
    try {
        std::unique_ptr<sentencepiece_model> p(new sentencepiece_model);
        auto status = p->processor.LoadFromSerializedProto(absl::string_view(static_cast<const char *>(data), size));
        if (!status.ok())
            return FAIL(error, SMAC_ERROR_FORMAT, "the SentencePiece model of %zu bytes cannot be read: %.300s", size,
                status.ToString().c_str());
        if (p->processor.GetPieceSize() <= 0)
            return FAIL(error, SMAC_ERROR_FORMAT, "the SentencePiece model has no pieces");
        *out = p.release();
        return SMAC_OK;
    } catch (const std::exception &e) {
        return FAIL(error, SMAC_ERROR_FORMAT, "the SentencePiece model cannot be read: %.300s", e.what());
    }
}

void sentencepiece_close(sentencepiece_model *p)
{
    delete p;
}

int32_t sentencepiece_size(const sentencepiece_model *p)
{
    return p->processor.GetPieceSize();
}

const char *sentencepiece_piece(const sentencepiece_model *p, int32_t id)
{
    return id >= 0 && id < p->processor.GetPieceSize() ? p->processor.IdToPiece(id).c_str() : nullptr;
}

int32_t sentencepiece_find(const sentencepiece_model *p, const char *piece, size_t length)
{
    const absl::string_view wanted(piece, length);
    int id = p->processor.PieceToId(wanted);
    /* A piece that does not exist gives the unknown piece's id. */
    return id >= 0 && id < p->processor.GetPieceSize() && p->processor.IdToPiece(id) == wanted ? id : -1;
}

bool sentencepiece_is_control(const sentencepiece_model *p, int32_t id)
{
    return p->processor.IsControl(id);
}

int32_t sentencepiece_unknown(const sentencepiece_model *p)
{
    return p->processor.unk_id();
}

int32_t sentencepiece_byte(const sentencepiece_model *p, int32_t id)
{
    if (!p->processor.IsByte(id))
        return -1;
    return static_cast<int32_t>(std::strtol(p->processor.IdToPiece(id).c_str() + 3, nullptr, 16)) & 0xFF;
}

smac_status sentencepiece_encode(const sentencepiece_model *p, const char *text, size_t length,
    sentencepiece_token token, void *user, smac_error *error)
{
    try {
        sentencepiece::ImmutableSentencePieceText pieces;
        auto status = p->processor.Encode(absl::string_view(text, length), pieces.mutable_proto());
        if (!status.ok())
            return FAIL(
                error, SMAC_ERROR_FORMAT, "SentencePiece cannot encode the text: %.300s", status.ToString().c_str());
        for (const auto &piece : pieces.pieces()) {
            smac_status given = token(user, static_cast<int32_t>(piece.id()), piece.begin(), piece.end());
            if (given != SMAC_OK)
                return given;
        }
        return SMAC_OK;
    } catch (const std::exception &e) {
        return FAIL(error, SMAC_ERROR_MEMORY, "SentencePiece cannot encode the text: %.300s", e.what());
    }
}

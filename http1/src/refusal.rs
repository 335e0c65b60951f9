//! Why a message was refused: one reason, one status, one metric label.

/// A reason to refuse a message. The same reasons hold for what clients send and for what a
/// backend answers; [`Refusal::status`] is what a client is told, a proxy answers 502 for a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The first line of a request is not `method SP target SP version`.
    #[error("the request line is not `method target version`")]
    RequestLine,
    /// The first line of a response is not `version SP status SP reason`.
    #[error("the status line is not `version status reason`")]
    StatusLine,
    /// The first line of a request is well formed but for its version, which is none of HTTP. An answer in HTTP is
    /// not to be expected by such a client.
    #[error("the request line names another protocol than HTTP")]
    Protocol,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    #[error("the version is neither HTTP/1.1 nor HTTP/1.0")]
    Version,
    /// The target holds a control byte, a space or a fragment, or has no known form.
    #[error("the target is in none of the allowed forms")]
    Target,
    /// The target holds bytes above 0x7F, and these are not tolerated here.
    #[error("the target holds bytes that are not ASCII")]
    NonAsciiTarget,
    /// The target is longer than the limit.
    #[error("the target is longer than the limit")]
    TargetTooLong,
    /// A tunnel was asked for by CONNECT.
    #[error("CONNECT is not served")]
    Connect,
    /// A line ends in LF without CR.
    #[error("a line ends in LF without CR")]
    BareLf,
    /// CR without LF.
    #[error("a CR is not followed by LF")]
    BareCr,
    /// A field line continues on the next one (obs-fold, RFC 9112 §5.2).
    #[error("a field is folded over several lines")]
    Folded,
    /// A field name is empty or no token.
    #[error("a field name is not a token")]
    FieldName,
    /// White space between a field name and its colon.
    #[error("white space stands before a field's colon")]
    SpaceBeforeColon,
    /// A control byte in a field value.
    #[error("a field value holds a control byte")]
    FieldValue,
    /// More fields than the limit.
    #[error("there are more fields than the limit")]
    TooManyFields,
    /// A head longer than the limit.
    #[error("the head is longer than the limit")]
    HeadTooLong,
    /// HTTP/1.1 without Host, or HTTP/1.0 where that is not tolerated.
    #[error("Host is missing")]
    NoHost,
    /// More than one Host.
    #[error("there is more than one Host")]
    SecondHost,
    /// Host is not `host[:port]`.
    #[error("Host is not `host[:port]`")]
    Host,
    /// An absolute target names another host than Host.
    #[error("the absolute target and Host differ")]
    HostDiffers,
    /// Content-Length and Transfer-Encoding together.
    #[error("Content-Length and Transfer-Encoding stand together")]
    LengthAndEncoding,
    /// Content-Length is not one plain decimal number below 2^64.
    #[error("Content-Length is not a plain decimal number")]
    Length,
    /// More than one Content-Length.
    #[error("there is more than one Content-Length")]
    SecondLength,
    /// Transfer-Encoding is not exactly one `chunked`.
    #[error("Transfer-Encoding is not exactly one `chunked`")]
    Encoding,
    /// Another coding under `chunked`, which the engine does not know.
    #[error("Transfer-Encoding names an unknown coding")]
    UnknownEncoding,
    /// Transfer-Encoding in an HTTP/1.0 message.
    #[error("Transfer-Encoding stands in an HTTP/1.0 message")]
    EncodingBefore11,
    /// An expectation other than `100-continue`.
    #[error("the expectation is not `100-continue`")]
    Expectation,
    /// A chunk size that is not 1 to 16 hexadecimal digits.
    #[error("a chunk size is not 1 to 16 hexadecimal digits")]
    ChunkSize,
    /// A chunk extension that is malformed or longer than the limit.
    #[error("a chunk extension is malformed or too long")]
    ChunkExtension,
    /// A chunk that does not end in CRLF where its size says.
    #[error("a chunk does not end where its size says")]
    ChunkEnd,
    /// A trailer section longer than the limit.
    #[error("the trailer section is longer than the limit")]
    TrailersTooLong,
    /// A body larger than the caller's limit.
    #[error("the body is larger than the limit")]
    BodyTooLarge,
    /// No complete head in time.
    #[error("no complete head arrived in time")]
    HeadTimeout,
    /// The body came more slowly than the least rate.
    #[error("the body came too slowly")]
    BodyTimeout,
    /// The backend switched protocols, and nobody had asked for it.
    #[error("the protocol was switched unasked")]
    UnaskedUpgrade,
    /// More interim (1xx) answers to one request than the limit.
    #[error("there are too many interim answers")]
    TooManyInterim,
}

impl Refusal {
    /// The status that a client is answered with.
    pub fn status(self) -> u16 {
        match self {
            Refusal::Connect => 405,
            Refusal::HeadTimeout | Refusal::BodyTimeout => 408,
            Refusal::BodyTooLarge => 413,
            Refusal::TargetTooLong => 414,
            Refusal::Expectation => 417,
            Refusal::TooManyFields | Refusal::HeadTooLong | Refusal::TrailersTooLong => 431,
            Refusal::UnknownEncoding => 501,
            Refusal::Version => 505,
            _ => 400,
        }
    }

    /// The status and its phrase, as they stand in a status line.
    pub(crate) fn status_line(self) -> &'static [u8] {
        match self.status() {
            405 => b"405 Method Not Allowed",
            408 => b"408 Request Timeout",
            413 => b"413 Content Too Large",
            414 => b"414 URI Too Long",
            417 => b"417 Expectation Failed",
            431 => b"431 Request Header Fields Too Large",
            501 => b"501 Not Implemented",
            505 => b"505 HTTP Version Not Supported",
            _ => b"400 Bad Request",
        }
    }

    /// A stable name for metrics and logs.
    #[rustfmt::skip]
    pub fn label(self) -> &'static str {
        match self {
            Refusal::RequestLine => "request_line",
            Refusal::StatusLine => "status_line",
            Refusal::Protocol => "protocol",
            Refusal::Version => "version",
            Refusal::Target => "target",
            Refusal::NonAsciiTarget => "non_ascii_target",
            Refusal::TargetTooLong => "target_too_long",
            Refusal::Connect => "connect",
            Refusal::BareLf => "bare_lf",
            Refusal::BareCr => "bare_cr",
            Refusal::Folded => "folded",
            Refusal::FieldName => "field_name",
            Refusal::SpaceBeforeColon => "space_before_colon",
            Refusal::FieldValue => "field_value",
            Refusal::TooManyFields => "too_many_fields",
            Refusal::HeadTooLong => "head_too_long",
            Refusal::NoHost => "no_host",
            Refusal::SecondHost => "second_host",
            Refusal::Host => "host",
            Refusal::HostDiffers => "host_differs",
            Refusal::LengthAndEncoding => "length_and_encoding",
            Refusal::Length => "length",
            Refusal::SecondLength => "second_length",
            Refusal::Encoding => "encoding",
            Refusal::UnknownEncoding => "unknown_encoding",
            Refusal::EncodingBefore11 => "encoding_before_1_1",
            Refusal::Expectation => "expectation",
            Refusal::ChunkSize => "chunk_size",
            Refusal::ChunkExtension => "chunk_extension",
            Refusal::ChunkEnd => "chunk_end",
            Refusal::TrailersTooLong => "trailers_too_long",
            Refusal::BodyTooLarge => "body_too_large",
            Refusal::HeadTimeout => "head_timeout",
            Refusal::BodyTimeout => "body_timeout",
            Refusal::UnaskedUpgrade => "unasked_upgrade",
            Refusal::TooManyInterim => "too_many_interim",
        }
    }
}

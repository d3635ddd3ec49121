/* SPDX-License-Identifier: MIT */
/*
 * otlp_schema.h - the fields of OTLP that are written: as protobuf by number, as JSON by name
 *
 * From opentelemetry-proto 1.11, trace/v1, resource/v1 and common/v1; all of them are stable.
 */
#ifndef CTRACE_OTLP_SCHEMA_H
#define CTRACE_OTLP_SCHEMA_H

#include <stdint.h>

struct otlp_field {
	uint32_t nr;
	const char *name;
};

#define OTLP_FIELD(nr, name) ((struct otlp_field){nr, name})

#define REQUEST_RESOURCE_SPANS	OTLP_FIELD(1, "resourceSpans")
#define RESOURCE_SPANS_RESOURCE OTLP_FIELD(1, "resource")
#define RESOURCE_SPANS_SCOPES	OTLP_FIELD(2, "scopeSpans")
#define RESOURCE_ATTRIBUTES	OTLP_FIELD(1, "attributes")
#define SCOPE_SPANS_SCOPE	OTLP_FIELD(1, "scope")
#define SCOPE_SPANS_SPANS	OTLP_FIELD(2, "spans")
#define SCOPE_NAME		OTLP_FIELD(1, "name")
#define SCOPE_VERSION		OTLP_FIELD(2, "version")
#define SCOPE_ATTRIBUTES	OTLP_FIELD(3, "attributes")

#define SPAN_TRACE_ID	    OTLP_FIELD(1, "traceId")
#define SPAN_ID		    OTLP_FIELD(2, "spanId")
#define SPAN_PARENT	    OTLP_FIELD(4, "parentSpanId")
#define SPAN_NAME	    OTLP_FIELD(5, "name")
#define SPAN_KIND	    OTLP_FIELD(6, "kind")
#define SPAN_BEGIN	    OTLP_FIELD(7, "startTimeUnixNano")
#define SPAN_END	    OTLP_FIELD(8, "endTimeUnixNano")
#define SPAN_ATTRIBUTES	    OTLP_FIELD(9, "attributes")
#define SPAN_EVENTS	    OTLP_FIELD(11, "events")
#define SPAN_DROPPED_EVENTS OTLP_FIELD(12, "droppedEventsCount")
#define SPAN_LINKS	    OTLP_FIELD(13, "links")
#define SPAN_STATUS	    OTLP_FIELD(15, "status")
#define SPAN_FLAGS	    OTLP_FIELD(16, "flags")

#define EVENT_TIME	 OTLP_FIELD(1, "timeUnixNano")
#define EVENT_NAME	 OTLP_FIELD(2, "name")
#define EVENT_ATTRIBUTES OTLP_FIELD(3, "attributes")

#define LINK_TRACE_ID	OTLP_FIELD(1, "traceId")
#define LINK_SPAN_ID	OTLP_FIELD(2, "spanId")
#define LINK_ATTRIBUTES OTLP_FIELD(4, "attributes")
#define LINK_FLAGS	OTLP_FIELD(6, "flags")

#define STATUS_MESSAGE OTLP_FIELD(2, "message")
#define STATUS_CODE    OTLP_FIELD(3, "code")

#define ATTRIBUTE_KEY	OTLP_FIELD(1, "key")
#define ATTRIBUTE_VALUE OTLP_FIELD(2, "value")
#define VALUE_STRING	OTLP_FIELD(1, "stringValue")
#define VALUE_BOOL	OTLP_FIELD(2, "boolValue")
#define VALUE_INT	OTLP_FIELD(3, "intValue")

enum { KIND_INTERNAL = 1 };
enum { STATUS_ERROR = 2 };
/* Of SPAN_FLAGS, above the byte of W3C's flags. */
enum { FLAG_KNOWS_REMOTE = 0x100, FLAG_PARENT_REMOTE = 0x200 };
/* W3C's. */
enum { TRACE_SAMPLED = 1, TRACE_RANDOM = 2 };

#endif

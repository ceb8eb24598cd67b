/** Chooses and records the patterns that a report shows, and lays encodings out in the plane. */
package org.apmae.models.gallery;

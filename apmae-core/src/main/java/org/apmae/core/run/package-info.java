/**
 * The run folder: what the stages of a study leave for one another, as a documented and versioned folder of plain files.
 *
 * <p>Every table is keyed by scenario id, every file is listed with its SHA-256 in {@code manifest.json}, and a stage is
 * either whole or not there: see {@code docs/run-folder.md}.
 */
package org.apmae.core.run;

/**
 * The pieces of a study on Apache Spark: the stages stay as they are, Spark computes their functions. Spark itself is not among
 * the libraries of the command line.
 */
package org.apmae.examples.spark;

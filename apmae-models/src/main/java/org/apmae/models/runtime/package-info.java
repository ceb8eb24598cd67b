/** The native runtime: how libtorch is started inside the host application. */
package org.apmae.models.runtime;

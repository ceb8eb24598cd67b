/**
 * Safetensors files and Hugging Face checkpoint folders, read with distrust and written atomically.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">The safetensors format</a>
 */
package org.apmae.models.safetensors;
